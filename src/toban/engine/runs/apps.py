"""The run ledger as a Django app."""

from django.apps import AppConfig


class RunsConfig(AppConfig):
    """Works, their runs, and the result of each."""

    name = "toban.engine.runs"
    label = "runs"
