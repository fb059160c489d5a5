"""Of two who end the same thing at once, one ends it: the other waited, and read the clock before that."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.engine.notify.test_orders import HOUR, NOON
from tests.registered import schema

from toban.design.reader import Design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify import orders
from toban.engine.notify.duty import overrides
from toban.engine.notify.models import DutyOverride, Maintenance, Silence
from toban.engine.orders import NotPossible

pytestmark = pytest.mark.django_db

MEANWHILE = NOON + timedelta(seconds=2)
PEOPLE = '[people."佐藤"]\nemail = "sato@example.com"\n[duty."運用責任者"]\nlayers = [{people = ["佐藤"]}]\n'


def silence() -> Silence:
    return orders.silence({"target": "DB"}, "工事", ends_at=NOON + HOUR, by="aki", now=NOON - HOUR)


def maintenance() -> Maintenance:
    return orders.announce_maintenance(
        (), "工事", starts_at=NOON - HOUR, ends_at=NOON + HOUR, by="aki", now=NOON - HOUR
    )


def deputy(document: Design) -> DutyOverride:
    return overrides.override(
        "運用責任者", "佐藤", "出張", starts_at=NOON - HOUR, ends_at=NOON + HOUR, by="aki", now=NOON - HOUR,
        design=document, bindings=read_bindings(PEOPLE, Path("toban.toml"), schema()),
    )  # fmt: skip


def ended_twice(number: int, end: Callable[..., Any]) -> None:
    ended = end(number, by="aki", now=MEANWHILE)
    with pytest.raises(NotPossible):
        end(number, by="nami", now=NOON)
    ended.refresh_from_db()
    assert ended.ends_at == MEANWHILE
    assert LedgerEntry.objects.filter(content__order__startswith="end-").count() == 1


def test_a_silence_is_ended_once() -> None:
    ended_twice(silence().pk, orders.end_silence)


def test_maintenance_is_ended_once() -> None:
    ended_twice(maintenance().pk, orders.end_maintenance)


def test_a_deputy_is_relieved_once(document: Design) -> None:
    ended_twice(deputy(document).pk, overrides.end_override)


def test_an_order_whose_end_has_passed_while_it_waited_is_refused(document: Design) -> None:
    orders.end_silence(silence().pk, by="aki", now=MEANWHILE)
    soon = NOON + timedelta(seconds=1)

    with pytest.raises(NotPossible):
        orders.silence({"target": "DB"}, "工事", ends_at=soon, by="nami", now=NOON)
    with pytest.raises(NotPossible):
        overrides.override(
            "運用責任者", "佐藤", "出張", starts_at=NOON - HOUR, ends_at=soon, by="nami", now=NOON,
            design=document, bindings=read_bindings(PEOPLE, Path("toban.toml"), schema()),
        )  # fmt: skip
    assert Silence.objects.count() == 1
    assert not DutyOverride.objects.exists()
