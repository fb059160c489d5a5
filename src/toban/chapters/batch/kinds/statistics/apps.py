"""The daily figures as a Django app."""

from django.apps import AppConfig


class StatisticsConfig(AppConfig):
    """Figures by day."""

    name = "toban.chapters.batch.kinds.statistics"
    label = "statistics"
