"""Drift as a Django app."""

from django.apps import AppConfig


class DriftConfig(AppConfig):
    """How systems are set, as it was seen last."""

    name = "toban.engine.drift"
    label = "drift"
