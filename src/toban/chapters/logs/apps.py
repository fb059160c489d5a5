"""Chapter 3 as a Django app."""

from django.apps import AppConfig


class LogsConfig(AppConfig):
    """How long each kind of log is kept, and the proof of it."""

    name = "toban.chapters.logs"
    label = "logs"
