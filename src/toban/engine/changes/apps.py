"""The change ledger as a Django app."""

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    """Changes, and what each is about."""

    name = "toban.engine.changes"
    label = "changes"
