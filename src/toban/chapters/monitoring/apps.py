"""Chapter 2 as a Django app."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Monitors and their states."""

    name = "toban.chapters.monitoring"
    label = "monitoring"
