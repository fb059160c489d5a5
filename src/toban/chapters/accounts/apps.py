"""Accounts of other systems as a Django app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who has access to which system, and whose access ends."""

    name = "toban.chapters.accounts"
    label = "accounts"
