"""Notifications of what an exception allows."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from tests.integration.engine.notify.conftest import NOON, MakeSignal

from toban.engine.exceptions.models import RowException
from toban.engine.notify.models import StageOutcome
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.signal import Condition, Signal

pytestmark = pytest.mark.django_db
type Tell = Callable[[Signal, datetime], list[tuple[str, str]]]
MONTH = timedelta(days=30)


def allowed(**more: object) -> RowException:
    fields = {
        "clause_id": "monitoring/monitor/DB/CPU使用率",
        "clause_text": "DB",
        "citation": "運用設計書.md:12",
        "reason": "交換待ち",
        "author_name": "佐藤",
        "asked_at": NOON - timedelta(days=1),
        "granted_at": NOON - timedelta(hours=1),
        "ends_at": NOON + MONTH,
        "holds_notices": True,
        **more,
    }
    return RowException.objects.create(**fields)


def test_an_exception_that_says_so_holds_notifications_back_until_its_end(
    tell: Tell, signal: MakeSignal
) -> None:
    allowed()

    assert tell(signal(Condition.CRITICAL), NOON) == []
    assert set(StageOutcome.objects.values_list("reason", flat=True)) == {NoticeReason.EXCEPTED}

    assert tell(signal(Condition.CRITICAL), NOON + MONTH) != []


@pytest.mark.parametrize(
    "more",
    [
        {"holds_notices": False},
        {"granted_at": None},
        {"subject": "db-2"},
        {"ended_at": NOON - timedelta(minutes=1)},
        {"clause_id": "monitoring/monitor/DB/other"},
    ],
)
def test_another_exception_holds_nothing_back(
    tell: Tell, signal: MakeSignal, more: dict[str, object]
) -> None:
    allowed(**more)

    assert tell(signal(Condition.CRITICAL, instance="db-1"), NOON) != []


def test_missing_data_is_always_told(tell: Tell, signal: MakeSignal) -> None:
    allowed()

    assert tell(signal(Condition.NO_DATA), NOON) != []
