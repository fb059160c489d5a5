"""Chapter 4 as a Django app."""

from django.apps import AppConfig


class BackupConfig(AppConfig):
    """The catalogue."""

    name = "toban.chapters.backup"
    label = "backup"
