"""Tokens: made, shown once, looked up by their digest, revoked. All audited."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest

from toban.engine.evidence import ledger
from toban.engine.orders import NotPossible
from toban.engine.people.access import hurdle_before, made_meanwhile, may_order, who_set_password
from toban.engine.people.audit import record
from toban.engine.people.feeds import revoke_token
from toban.engine.people.models import FeedToken, Operator
from toban.engine.tokens.models import LONGEST_NAME, ApiToken
from toban.engine.tokens.rules import WantedToken
from toban.message import Message

_PREFIX = "toban_"
"""By it, scanners for secrets recognise a token in a repository."""
_LONGEST_TOKEN = 100
_NOTED_EVERY = timedelta(minutes=1)


def make(
    operator: Operator,
    wanted: WantedToken,
    known: Collection[str],
    *,
    by: str,
    now: datetime,
    request: HttpRequest | None = None,
    shell_user: str = "",
) -> str:
    """Give *operator* a token and return it; it is stored nowhere. *known* are all scopes there are.

    *shell_user* is the user of the operating system, for a command on the server.

    Raises `NotPossible`.
    """
    wanted.check(known, now, may_order=may_order(operator))
    if (why := why_no_access(operator)) is not None:
        raise NotPossible(why, Message("tokens.sign-in-first", account=operator.username))
    name, token = wanted.name.strip()[:LONGEST_NAME], f"{_PREFIX}{secrets.token_urlsafe(32)}"
    scopes = sorted(set(wanted.scopes))
    with transaction.atomic():
        ledger.hold()
        if ApiToken.objects.filter(operator=operator, name=name).exists():
            raise NotPossible(Message("tokens.name-is-taken", name=name), Message("tokens.revoke-it-first"))
        ApiToken.objects.create(
            operator=operator,
            name=name,
            digest=_digest(token),
            scopes=scopes,
            shell_user=shell_user[:150],
            made_at=now,
            ends_at=wanted.ends_at,
            lockouts=operator.lockouts,
        )
        until = wanted.ends_at.isoformat()
        record("token-made", by, request, token=name, operator=operator.username, scopes=scopes, until=until)
    return token


def revoke(
    token_id: int, *, by: str, request: HttpRequest | None = None, of: Operator | None = None
) -> ApiToken:
    """End a token for good; with *of*, only one of that operator. Raises `NotPossible`."""
    with transaction.atomic():
        ledger.hold()
        found = ApiToken.objects.select_related("operator").select_for_update().filter(pk=token_id).first()
        if found is None or (of is not None and found.operator_id != of.pk):
            raise NotPossible(Message("tokens.no-such-token", token=token_id), Message("tokens.see-list"))
        ApiToken.objects.filter(pk=token_id).delete()
        record("token-revoked", by, request, token=found.name, operator=found.operator.username)
    return found


@transaction.atomic
def end_given(request: HttpRequest, user: Operator, **_: object) -> None:
    """End what whoever gave *user* a password may have made since; listens to their own new password."""
    if user.password_set_at is None or not who_set_password(user, user.password_set_at):
        return
    given = made_meanwhile(user)
    for token in ApiToken.objects.filter(given, operator=user):
        revoke(token.pk, by=user.username, request=request)
    if FeedToken.objects.filter(given, operator=user).exists():
        revoke_token(user, request)


def is_usable(token: ApiToken, now: datetime) -> bool:
    """Return whether *token* gives access at *now*, as far as it and its account go."""
    return now < token.ends_at and token.operator.is_active and token.lockouts == token.operator.lockouts


def holder_of(token: str, now: datetime) -> ApiToken | None:
    """Return the token that *token* is, with its account, which is active; None if there is none."""
    if not token.startswith(_PREFIX) or len(token) > _LONGEST_TOKEN:
        return None
    digest = _digest(token)
    # Looked up by its digest: the time it takes reveals nothing about the token itself.
    found = ApiToken.objects.select_related("operator").filter(digest=digest).first()
    if found is None or not hmac.compare_digest(found.digest, digest) or not is_usable(found, now):
        return None
    if found.used_at is None or abs(now - found.used_at) >= _NOTED_EVERY:
        ApiToken.objects.filter(pk=found.pk).update(used_at=now)
    return found


def why_no_access(operator: Operator) -> Message | None:
    """Return what *operator* must do on the pages before a token gives access; None if there is nothing."""
    hurdle = hurdle_before(operator)
    return None if hurdle is None else Message(f"tokens.must-first-{hurdle}", account=operator.username)


def _digest(token: str) -> str:
    # The token has 256 random bits: nobody can guess it, so a slow hash would not add protection.
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
