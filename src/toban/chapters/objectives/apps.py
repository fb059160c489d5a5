"""Chapter 1 as a Django app."""

from django.apps import AppConfig


class ObjectivesConfig(AppConfig):
    """Service levels, day by day."""

    name = "toban.chapters.objectives"
    label = "objectives"
