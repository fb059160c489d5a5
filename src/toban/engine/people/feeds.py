"""Tokens for calendar programs, which can't sign in: they read the calendar in an operator's name."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest

from toban.engine.people.access import hurdle_before
from toban.engine.people.audit import record
from toban.engine.people.models import FeedToken, Operator

_LONGEST_TOKEN = 100
_NOTED_EVERY = timedelta(hours=1)


@transaction.atomic
def give_token(operator: Operator, request: HttpRequest, now: datetime) -> str:
    """Give *operator* a new token, which replaces the old one, and return it; it is stored nowhere."""
    token = secrets.token_urlsafe(32)
    FeedToken.objects.update_or_create(
        operator=operator, defaults={"digest": _digest(token), "made_at": now, "used_at": None}
    )
    record("feed-opened", operator.username, request)
    return token


@transaction.atomic
def revoke_token(operator: Operator, request: HttpRequest) -> None:
    """End *operator*'s token, if there is one."""
    deleted, _ = FeedToken.objects.filter(operator=operator).delete()
    if deleted:
        record("feed-closed", operator.username, request)


def holder_of(token: str, now: datetime) -> Operator | None:
    """Return the operator of *token*; None unless the account is active and has nothing to do first."""
    if not token or len(token) > _LONGEST_TOKEN:
        return None
    digest = _digest(token)
    # Looked up by its digest: the time it takes reveals nothing about the token itself.
    found = FeedToken.objects.select_related("operator").filter(digest=digest).first()
    if found is None or not hmac.compare_digest(found.digest, digest):
        return None
    operator = found.operator
    if not operator.is_active or hurdle_before(operator) is not None:
        return None
    if found.used_at is None or now - found.used_at >= _NOTED_EVERY:
        FeedToken.objects.filter(pk=found.pk).update(used_at=now)
    return operator


def _digest(token: str) -> str:
    # The token has 256 random bits: nobody can guess it, so a slow hash would not add protection.
    return hashlib.sha256(token.encode()).hexdigest()
