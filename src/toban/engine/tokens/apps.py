"""Tokens as a Django app."""

from django.apps import AppConfig


class TokensConfig(AppConfig):
    """Tokens of the API, and answers that repeated requests get again."""

    name = "toban.engine.tokens"
    label = "tokens"
