"""Error tracking as a Django app."""

from django.apps import AppConfig


class ErrorsConfig(AppConfig):
    """Errors of applications: groups of what is the same, and their events."""

    name = "toban.chapters.errors"
    label = "errors"
