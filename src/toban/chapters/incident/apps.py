"""Chapter 7 as a Django app."""

from django.apps import AppConfig


class IncidentConfig(AppConfig):
    """Incidents with their alerts, timelines, remedies, reports and measures."""

    name = "toban.chapters.incident"
    label = "incident"
