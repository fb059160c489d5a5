"""allauth, restricted for Toban: nobody can sign up for an account."""

from datetime import timedelta
from typing import override

from allauth.account.adapter import DefaultAccountAdapter
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from toban.engine.clock import system_clock
from toban.engine.people.audit import account_of, address_of, known_name, record, typed_name

_ENROLLING = timedelta(minutes=5)
_LOCKED_OUT = 300
"""Seconds, as in the settings' ACCOUNT_RATE_LIMITS."""


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """Only a manager creates accounts."""

    @override
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: nobody may sign up."""
        return False

    @override
    def authenticate(self, request: HttpRequest, **credentials: object) -> object:
        """Look up the typed name only once, whether it is a name or an e-mail address.

        For a known address, allauth would check the password a second time: the time that takes would tell
        strangers which addresses have accounts.
        """
        if "username" in credentials:
            credentials.pop("email", None)
        return super().authenticate(request, **credentials)

    @override
    def pre_authenticate(self, request: HttpRequest, **credentials: object) -> None:
        """Refuse a sign-in after too many failures, and record it once for each lock-out."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            name = known_name(credentials)
            if cache.add(f"toban:locked-out:{name}:{address_of(request)}", "told", timeout=_LOCKED_OUT):
                record("sign-in-locked-out", name, request)
            raise

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: object) -> str:
        """Return a key that counts failures by account, whatever was typed for it.

        allauth counts by the Host header and the typed name: each port, each spelling and the e-mail address
        would allow five more guesses. It offers no public way to change that.
        """
        del request
        account = account_of(credentials)
        return f"account {account.pk}" if account else f"name {typed_name(credentials).casefold()}"

    @override
    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Return the document's page; another required step may still come before it."""
        return "/"

    @override
    def is_reauthentication_required(self, *, app: str, **more: object) -> bool:
        """Return False for a user who enrols a first factor: they typed their password a moment ago."""
        if app == "allauth.mfa" and _is_enrolling(self.request.user):
            return False
        return bool(super().is_reauthentication_required(app=app, **more))


def _is_enrolling(user: object) -> bool:
    """Return whether *user* has no factor yet, or one so new that its recovery codes are still unread."""
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - its models need Django ready

    return not Authenticator.objects.filter(user=user, created_at__lt=system_clock() - _ENROLLING).exists()
