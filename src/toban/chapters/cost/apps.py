"""Chapter 11 as a Django app."""

from django.apps import AppConfig


class CostConfig(AppConfig):
    """The bills that were read, and what each day has cost."""

    name = "toban.chapters.cost"
    label = "cost"
