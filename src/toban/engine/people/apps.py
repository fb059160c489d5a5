"""Accounts as a Django app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Accounts of Toban itself."""

    name = "toban.engine.people"
    label = "people"
