"""Tokens as a Django app."""

from typing import override

from django.apps import AppConfig


class TokensConfig(AppConfig):
    """Tokens of the API, and answers that repeated requests get again."""

    name = "toban.engine.tokens"
    label = "tokens"

    @override
    def ready(self) -> None:
        """Listen to new passwords."""
        from allauth.account.signals import password_changed  # noqa: PLC0415 - models can be imported only now

        from toban.engine.tokens import service  # noqa: PLC0415

        password_changed.connect(service.end_given, dispatch_uid="tokens")
