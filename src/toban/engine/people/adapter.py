"""allauth, restricted for Toban: nobody can sign up for an account."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, override

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.functional import lazystr

from toban.engine.clock import system_clock
from toban.engine.people import attempts, sources
from toban.engine.people.audit import account_of, typed_name
from toban.engine.people.models import Operator
from toban.engine.people.rules import is_one_time_over
from toban.message import Message

_ENROLLING = timedelta(minutes=5)
_REFUSED = lazystr(Message("people.sign-in-refused"))
"""The answer to a wrong password and to one that comes too early: which of them it was tells strangers that
an account exists and is known where they are."""


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """Only a manager creates accounts."""

    error_messages = {  # noqa: RUF012 - as allauth declares it
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _REFUSED,
        "email_password_mismatch": _REFUSED,
    }

    @override
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: nobody may sign up."""
        return False

    @override
    def get_client_ip(self, request: HttpRequest) -> str:
        """Return by what allauth limits requests: behind a shared proxy an address is not one visitor."""
        return sources.visitor_of(request)

    @override
    def authenticate(self, request: HttpRequest, **credentials: object) -> object:
        """Check the password; one that comes too early after failures is refused like a wrong one.

        So is a one-time password that nobody has used in time.
        """
        now = system_clock()
        attempt = attempts.at_password(request, account_of(credentials), typed_name(credentials), now)
        if attempt is None:
            # As long as a look at a password takes.
            Operator().set_password(str(credentials.get("password", "")))
            return None
        user = super().authenticate(request, **_looked_up_once(credentials))
        if user is None or _came_too_late(user, now):
            return None
        attempt.take_back()
        return user

    @override
    def set_password(self, user: Operator, password: str) -> None:
        """Store the new password, and nothing else: a lock that came since *user* was read stays.

        So does another password: otherwise whoever knows the old one, and keeps changing it, would outlast
        the one by which they are shut out.
        """
        same = Operator.objects.filter(pk=user.pk, password=user.password)
        user.set_password(password)
        if not same.update(password=user.password):
            raise PermissionDenied(user.username)

    @override
    def post_login(self, request: HttpRequest, user: Operator, **more: Any) -> HttpResponse:
        """Remember from where *user* has signed in."""
        response: HttpResponse = super().post_login(request, user, **more)
        now = system_clock()
        attempts.forgive(user, request, now)
        sources.remember(user, request, response, now)
        return response

    @override
    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Return the document's page; another required step may still come before it."""
        return "/"

    @override
    def is_reauthentication_required(self, *, app: str, **more: object) -> bool:
        """Return False for a user who enrols a first factor and typed their password a moment ago.

        A session alone must not: with a factor of its own, a stolen one could prove to be its owner.
        """
        if app == "allauth.mfa" and _is_enrolling(self.request.user) and _has_just_typed(self.request):
            return False
        return bool(super().is_reauthentication_required(app=app, **more))


def _came_too_late(user: Operator, now: datetime) -> bool:
    """Return whether *user* was given a one-time password that is over."""
    must_change, issued_at = user.must_change_password, user.password_changed_at
    return is_one_time_over(must_change=must_change, issued_at=issued_at, now=now)


def _looked_up_once(credentials: Mapping[str, object]) -> Mapping[str, object]:
    """Return *credentials* with the typed name only once, whether it is a name or an e-mail address.

    For a known address, allauth would check the password a second time: the time that takes would tell
    strangers which addresses have accounts.
    """
    if "username" not in credentials:
        return credentials
    return {name: value for name, value in credentials.items() if name != "email"}


def _has_just_typed(request: HttpRequest) -> bool:
    """Return whether this session's user has typed their password within the last minutes."""
    from allauth.account.internal.flows.login import (  # noqa: PLC0415 - its models need Django ready
        get_authentication_records,
    )

    records = get_authentication_records(request, request.user)
    since = system_clock().timestamp() - _ENROLLING.total_seconds()
    return any(each.get("method") == "password" and each.get("at", 0) > since for each in records)


def _is_enrolling(user: object) -> bool:
    """Return whether *user* has no factor yet, or one so new that its recovery codes are still unread."""
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - its models need Django ready

    return not Authenticator.objects.filter(user=user, created_at__lt=system_clock() - _ENROLLING).exists()
