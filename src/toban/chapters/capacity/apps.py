"""Chapter 9 as a Django app."""

from django.apps import AppConfig


class CapacityConfig(AppConfig):
    """What was read last, what is forecast, and how scaling rules were decided."""

    name = "toban.chapters.capacity"
    label = "capacity"
