"""Accounts as a Django app."""

from typing import override

from django.apps import AppConfig
from django.contrib.contenttypes.management import create_contenttypes
from django.db.models.signals import post_migrate


class PeopleConfig(AppConfig):
    """Accounts of Toban itself."""

    name = "toban.engine.people"
    label = "people"

    @override
    def ready(self) -> None:
        """Start recording evidence of what happens to accounts."""
        from toban.engine.people import audit  # noqa: PLC0415 - models can be imported only now

        audit.listen()
        # The operator role decides what an account may do. Django's four permissions per table are not used.
        post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
        post_migrate.disconnect(create_contenttypes)
