"""Requests that are carried out once, however often they are sent: by their idempotency key."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from toban.engine.evidence import ledger
from toban.engine.people.access import may_order
from toban.engine.tokens.models import AnsweredRequest, ApiToken
from toban.engine.tokens.service import is_usable

REMEMBERED = timedelta(days=1)
"""How long a repeated request gets the first answer."""


class KeyReused(Exception):
    """The key came before, with another request."""


class AccessLost(Exception):
    """The token was revoked, or its account has another role or may order nothing, since it was let in."""


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request that gives an order."""

    token: ApiToken
    key: str
    """Empty: the request is carried out each time."""
    method: str
    address: str
    body: bytes

    @property
    def digest(self) -> str:
        """What tells it from another request."""
        named = f"{self.method} {self.address}\n".encode() + self.body
        return hashlib.sha256(named).hexdigest()


def carried_out(
    request: KeyedRequest, act: Callable[[], Mapping[str, Any]], now: datetime
) -> Mapping[str, Any]:
    """Return the answer of *act*, or the first one to the same key.

    The order and the memory of it are one transaction: what fails is forgotten. Of two at once, the second
    waits until the first is committed. Raises `KeyReused` and `AccessLost`.
    """
    with transaction.atomic():
        now = ledger.turn(now)
        found = ApiToken.objects.select_related("operator").filter(pk=request.token.pk).first()
        if found is None or not is_usable(found, now) or not may_order(found.operator):
            raise AccessLost
        if found.operator.operator_role != request.token.operator.operator_role:
            # What only a manager may order was asked of the account as it was when the request was let in.
            raise AccessLost
        if not request.key:
            return act()
        former = _former(request, now)
        if former is not None:
            first: Mapping[str, Any] = former.answer
            return first
        answer = act()
        AnsweredRequest.objects.filter(token=request.token, key=request.key).update(answer=answer)
        return answer


def forget(now: datetime) -> None:
    """Forget the answers that are remembered no longer."""
    AnsweredRequest.objects.filter(at__lte=now - REMEMBERED).delete()


def _former(request: KeyedRequest, now: datetime) -> AnsweredRequest | None:
    """Take the key, or return what came with it before."""
    same = AnsweredRequest.objects.filter(token=request.token, key=request.key)
    same.filter(at__lte=now - REMEMBERED).delete()
    try:
        with transaction.atomic():
            AnsweredRequest.objects.create(
                token=request.token, key=request.key, request=request.digest, at=now
            )
    except IntegrityError:
        found = same.get()
        if found.request != request.digest:
            raise KeyReused from None
        return found
    return None
