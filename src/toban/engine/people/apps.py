"""Accounts as a Django app."""

from typing import override

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Accounts of Toban itself."""

    name = "toban.engine.people"
    label = "people"

    @override
    def ready(self) -> None:
        """Keep evidence of what happens to accounts."""
        from toban.engine.people import audit  # noqa: PLC0415 - models can be imported only now

        audit.listen()
