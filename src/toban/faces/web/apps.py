"""The web page as a Django app."""

from typing import override

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class WebConfig(AppConfig):
    """The living document."""

    name = "toban.faces.web"
    label = "web"

    @override
    def ready(self) -> None:
        """Listen to sign-ins."""
        from toban.faces.web import sessions  # noqa: PLC0415 - models can be imported only now

        user_logged_in.connect(sessions.begin, dispatch_uid="sessions")
