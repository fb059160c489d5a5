"""Modes of automatic acts as a Django app."""

from django.apps import AppConfig


class ModesConfig(AppConfig):
    """What people decided about acts that Toban does by itself."""

    name = "toban.engine.modes"
    label = "modes"
