"""Error tracking as a Django app."""

from django.apps import AppConfig


class ErrorsConfig(AppConfig):
    """Errors of applications: groups of events that are the same error, and their events."""

    name = "toban.chapters.errors"
    label = "errors"
