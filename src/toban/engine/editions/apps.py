"""The versions in force as a Django app."""

from django.apps import AppConfig


class EditionsConfig(AppConfig):
    """The version in force, for every node."""

    name = "toban.engine.editions"
    label = "editions"
