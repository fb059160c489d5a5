"""Exceptions as a Django app."""

from django.apps import AppConfig


class ExceptionsConfig(AppConfig):
    """Deviations that people allow for a time."""

    name = "toban.engine.exceptions"
    label = "exceptions"
