"""allauth's ways, narrowed to Toban's: nobody makes an account for themselves."""

from datetime import timedelta
from typing import override

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from toban.engine.clock import system_clock

_ENROLLING = timedelta(minutes=5)


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """Accounts are made by a manager."""

    @override
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    @override
    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Go on to the document, or to what else stands before it."""
        return "/"

    @override
    def is_reauthentication_required(self, *, app: str, **more: object) -> bool:
        """Spare who enrols their first factor the password that they typed a moment ago."""
        if app == "allauth.mfa" and _is_enrolling(self.request.user):
            return False
        return bool(super().is_reauthentication_required(app=app, **more))


def _is_enrolling(user: object) -> bool:
    """Whether there is no factor to lose yet, or only one so new that its recovery codes are still unread."""
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - its models need Django ready

    return not Authenticator.objects.filter(user=user, created_at__lt=system_clock() - _ENROLLING).exists()
