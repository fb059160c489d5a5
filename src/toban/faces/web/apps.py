"""The web page as a Django app."""

from typing import override

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in

from toban.faces.web import sessions


class WebConfig(AppConfig):
    """The living document."""

    name = "toban.faces.web"
    label = "web"

    @override
    def ready(self) -> None:
        """Listen to sign-ins."""
        user_logged_in.connect(sessions.begin, dispatch_uid="sessions")
