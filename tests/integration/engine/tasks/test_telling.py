"""Who is told of tasks, and when."""

from datetime import datetime

import pytest
from tests.integration.engine.tasks.conftest import DAILY, HOUR, MONDAY, edition_of, order, shown, task, tick

from toban.chapters.routine.operation import OPERATION
from toban.engine.approvals.holders import accounts_holding
from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert
from toban.engine.tasks.orders import hand_on, sign_off
from toban.engine.tasks.telling import tell

pytestmark = pytest.mark.django_db

NINE = MONDAY + HOUR / 2
LATE = NINE + 6.75 * HOUR
"""A quarter of the hours before they end."""


def reminders(edition: Edition, now: datetime) -> list[tuple[str, tuple[str, ...]]]:
    works = [work for work in edition.plan(OPERATION).works.values() if work.key == DAILY]
    tell([], works, edition, now)
    found = Alert.objects.filter(key__startswith="tasks/reminder/").order_by("pk")
    return [(each.value.in_language("ja"), tuple(each.people)) for each in found]


@pytest.fixture
def nine(edition: Edition) -> Edition:
    tick(edition, NINE)
    return edition


def test_the_role_is_reminded_once_before_the_task_is_late(nine: Edition) -> None:
    assert reminders(nine, LATE - HOUR / 3600) == []

    told = reminders(nine, LATE)

    fact = "・前回からのアラート: 0 件 (異常 0、警告 0、データなし 0)、継続中 0"
    assert told == [(f"まだ署名されていません (期限 2026-04-06 18:00)\n{fact}", ("開発担当者",))]
    assert reminders(nine, LATE + HOUR) == told


def test_whoever_has_taken_the_task_on_is_reminded(nine: Edition) -> None:
    mine = accounts_holding(nine, "開発担当者", NINE)[0].username
    hand_on(order(nine, mine, task()), "運用責任者", "外出のため", now=NINE)

    assert [people for _, people in reminders(nine, LATE)] == [("運用責任者",)]


def test_nobody_is_reminded_of_what_is_signed_off_or_late_already(nine: Edition) -> None:
    assert reminders(edition_of(), NINE + 9 * HOUR) == []

    mine = accounts_holding(nine, "開発担当者", NINE)[0].username
    sign_off(order(nine, mine, task()), "", shown=shown(nine, task(), NINE), now=NINE)

    assert reminders(nine, LATE) == []
