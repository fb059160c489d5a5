"""Monthly reports as a Django app."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Monthly reports that are kept, remarked on and signed."""

    name = "toban.engine.reports"
    label = "reports"
