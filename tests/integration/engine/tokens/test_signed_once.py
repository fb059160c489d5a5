"""Signed requests are carried out once: what is remembered, and what must not be."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError

from toban.engine.orders import NotPossible
from toban.engine.tokens import signed_once
from toban.engine.tokens.models import SignedRequest
from toban.engine.tokens.signed_once import REMEMBERED, OrderedBefore
from toban.message import plain

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 12, 1, 3, tzinfo=UTC)


class Orders:
    """Counts what is carried out, after what goes wrong first."""

    def __init__(self, *wrong: Exception) -> None:
        self.wrong, self.done = list(wrong), 0

    def act(self) -> int:
        if self.wrong:
            raise self.wrong.pop(0)
        self.done += 1
        return self.done


def test_the_same_signature_orders_once() -> None:
    orders = Orders()

    assert signed_once.carried_out("v0=a", orders.act, NOW) == 1
    with pytest.raises(OrderedBefore):
        signed_once.carried_out("v0=a", orders.act, NOW)
    assert signed_once.carried_out("v0=b", orders.act, NOW) == 2


def test_what_was_cut_off_is_done_when_it_is_sent_again() -> None:
    orders = Orders(DatabaseError("gone"))

    with pytest.raises(DatabaseError):
        signed_once.carried_out("v0=a", orders.act, NOW)

    assert signed_once.carried_out("v0=a", orders.act, NOW) == 1


def test_what_was_refused_is_not_done_later_by_whoever_has_recorded_it() -> None:
    orders = Orders(NotPossible(plain("not now")))

    with pytest.raises(NotPossible):
        signed_once.carried_out("v0=a", orders.act, NOW)

    with pytest.raises(OrderedBefore):
        signed_once.carried_out("v0=a", orders.act, NOW)
    assert orders.done == 0


def test_signatures_are_stored_by_their_digest_and_forgotten_when_they_count_no_longer() -> None:
    signed_once.carried_out("v0=a", Orders().act, NOW)

    signed_once.forget(NOW + REMEMBERED / 2)
    assert [each.digest.startswith("v0=") for each in SignedRequest.objects.all()] == [False]
    signed_once.forget(NOW + REMEMBERED)
    assert not SignedRequest.objects.exists()
