"""Signed requests that order something: whoever has recorded one and sends it again orders nothing."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from toban.engine.orders import NotPossible
from toban.engine.tokens.models import SignedRequest

REMEMBERED = timedelta(hours=1)
"""Longer than any signature counts: Slack's for five minutes before and after its time."""


class OrderedBefore(Exception):
    """A request with this signature was carried out, or refused, before."""


def carried_out[Answer](signature: str, act: Callable[[], Answer], now: datetime) -> Answer:
    """Return the answer of *act*; raise `OrderedBefore` if the same signature has come before.

    The order and the memory of it are one transaction: what a crash has cut off is forgotten, and done when
    it is sent again. Of two at once, the second waits until the first is committed. A refusal (`NotPossible`)
    is remembered: what was not possible is not done later because somebody else sends it then.
    """
    with transaction.atomic():
        _remember(signature, now)
        try:
            with transaction.atomic():
                return act()
        except NotPossible as refused:
            refusal = refused
    raise refusal


def forget(now: datetime) -> None:
    """Forget the requests whose signatures count no longer."""
    SignedRequest.objects.filter(at__lte=now - REMEMBERED).delete()


def _remember(signature: str, now: datetime) -> None:
    digest = hashlib.sha256(signature.encode()).hexdigest()
    try:
        with transaction.atomic():
            SignedRequest.objects.create(digest=digest, at=now)
    except IntegrityError:
        raise OrderedBefore from None
