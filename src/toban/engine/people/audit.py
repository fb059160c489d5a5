"""Every sign-in, failure, sign-out and change of an account, as evidence."""

from collections import Counter
from collections.abc import Mapping
from itertools import takewhile

from django.contrib import messages
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Q
from django.http import HttpRequest

from toban.engine.clock import system_clock
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator
from toban.message import NOTHING, Message

_LONGEST_NAME = 150
_FAILURES = frozenset({"sign-in-refused", "sign-in-locked-out", "factor-refused"})
_ADDRESSES_SHOWN = 3


def record(event: str, actor: str, request: HttpRequest | None = None, **details: object) -> None:
    """Append what *actor* did; details are JSON values and contain no secret."""
    content: Mapping[str, object] = {"event": event, "address": address_of(request), **details}
    ledger.append(
        ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=actor[:_LONGEST_NAME]), now=system_clock()
    )


def listen() -> None:
    """Listen to what happens to accounts; called once, when Django is ready."""
    from allauth.account.signals import password_changed  # noqa: PLC0415 - its models need Django ready
    from allauth.mfa.signals import (  # noqa: PLC0415
        authentication_failed,
        authenticator_added,
        authenticator_removed,
        authenticator_reset,
    )

    user_logged_in.connect(_signed_in, dispatch_uid="audit")
    user_logged_out.connect(_signed_out, dispatch_uid="audit")
    user_login_failed.connect(_refused, dispatch_uid="audit")
    password_changed.connect(_password_changed, dispatch_uid="audit")
    authentication_failed.connect(_factor_refused, dispatch_uid="audit")
    authenticator_added.connect(_factor_added, dispatch_uid="audit")
    authenticator_removed.connect(_factor_removed, dispatch_uid="audit")
    authenticator_reset.connect(_factor_renewed, dispatch_uid="audit")


def address_of(request: HttpRequest | None) -> str:
    """Return where *request* came from, as far as the server knows."""
    return str(request.META.get("REMOTE_ADDR", "")) if request is not None else ""


def _signed_in(request: HttpRequest, user: Operator, **_: object) -> None:
    failures = failures_since_last_sign_in(user)
    if failures:
        messages.warning(request, str(failures), fail_silently=True)
    record("signed-in", user.username, request)


def failures_since_last_sign_in(user: Operator) -> Message:
    """Return how often a sign-in to *user*'s account has failed since its last one, and from where."""
    own = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT, actor=user.username)
    events = own.order_by("-sequence").values_list("content", flat=True).iterator(chunk_size=200)
    since = takewhile(lambda content: content.get("event") != "signed-in", events)
    failed = Counter(content["address"] for content in since if content.get("event") in _FAILURES)
    if not failed:
        return NOTHING
    places = [
        Message("people.failures-at-address", count=count, address=address)
        for address, count in failed.most_common(_ADDRESSES_SHOWN)
    ]
    if len(failed) > _ADDRESSES_SHOWN:
        places.append(Message("people.failures-elsewhere", count=len(failed) - _ADDRESSES_SHOWN))
    return Message("people.failures-since-sign-in", count=failed.total(), places=places)


def _signed_out(request: HttpRequest, user: Operator | None, **_: object) -> None:
    if user is not None:
        record("signed-out", user.username, request)


def typed_name(credentials: Mapping[str, object]) -> str:
    """Return what was typed as the name."""
    return str(credentials.get("username") or credentials.get("email") or "")


def account_of(credentials: Mapping[str, object]) -> Operator | None:
    """Return the account that was meant, by its name or its e-mail address in any case."""
    typed = typed_name(credentials)
    if not typed:
        return None
    meant = Q(username__iexact=typed) | Q(email__iexact=typed)
    return Operator.objects.filter(meant).order_by("pk").first()


def known_name(credentials: Mapping[str, object]) -> str:
    """Return the name of the account that was meant, or "?": people also type passwords into that field."""
    account = account_of(credentials)
    return account.username if account else "?"


def _refused(credentials: Mapping[str, object], request: HttpRequest | None = None, **_: object) -> None:
    record("sign-in-refused", known_name(credentials), request)


def _password_changed(request: HttpRequest, user: Operator, **_: object) -> None:
    user.must_change_password, user.password_changed_at = False, system_clock()
    # Not of one that a manager has given meanwhile: it must be changed.
    Operator.objects.filter(pk=user.pk, password=user.password).update(
        must_change_password=False, password_changed_at=user.password_changed_at
    )
    record("password-changed", user.username, request)


def _factor_refused(request: HttpRequest, user: Operator, **_: object) -> None:
    record("factor-refused", user.username, request)


def _factor_added(request: HttpRequest, user: Operator, **_: object) -> None:
    record("factor-added", user.username, request)


def _factor_removed(request: HttpRequest, user: Operator, **_: object) -> None:
    record("factor-removed", user.username, request)


def _factor_renewed(request: HttpRequest, user: Operator, **_: object) -> None:
    record("factor-renewed", user.username, request)
