"""What people are told in the morning: once, what they have to do that day, and nobody else."""

from datetime import datetime, timedelta

import pytest
from tests.integration.engine.tasks.conftest import (
    BINDINGS,
    DAY,
    HOUR,
    MONDAY,
    edition_of,
    order,
    shown,
    task,
    tick,
)
from tests.registered import PARTS

from toban.engine.approvals.holders import accounts_holding
from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import PERSONAL
from toban.engine.tasks.models import OfferedTask
from toban.engine.tasks.mornings.digest import tell_mornings
from toban.engine.tasks.orders import hand_on, sign_off

pytestmark = pytest.mark.django_db

NINE = MONDAY + HOUR / 2
SATURDAY = MONDAY + 5 * DAY


def told(edition: Edition, now: datetime) -> dict[str, list[str]]:
    """Return the lines of every morning that has been told of at *now*, by account."""
    tell_mornings(edition, PARTS, now)
    found = Alert.objects.filter(key__startswith=f"tasks/morning/{now.date()}/").order_by("pk")
    return {each.key.rpartition("/")[2]: each.value.in_language("ja").splitlines() for each in found}


def mine(edition: Edition, now: datetime = NINE) -> str:
    return accounts_holding(edition, "開発担当者", now)[0].username


def test_everybody_is_told_once_of_their_own_day(edition: Edition) -> None:
    tick(edition, NINE)

    first = told(edition, NINE)
    tick(edition, NINE + HOUR)
    again = told(edition, NINE + HOUR)

    assert first == again
    assert first.keys() == {mine(edition), "sato"}
    assert first[mine(edition)][0] == "◎ 監視ダッシュボード確認 (2026-04-06 18:00 まで)"
    assert first["sato"][0].startswith("◎ セキュリティパッチ適用 (2026-04-06 18:00")
    assert all("セキュリティパッチ適用" not in line for line in first[mine(edition)])


def test_what_comes_later_that_day_is_told_too(edition: Edition) -> None:
    early = edition_of(bindings=BINDINGS + '[tasks]\nmorning = "8:30"\n')
    tick(early, MONDAY)

    assert told(early, MONDAY)[mine(early)] == ["◇ 監視ダッシュボード確認 (2026-04-06 09:00 から)"]


def test_nobody_is_told_before_what_is_due_is_there(edition: Edition) -> None:
    assert told(edition, NINE) == {}
    tick(edition, NINE)
    assert told(edition, NINE + timedelta(seconds=1)).keys() == {mine(edition), "sato"}


@pytest.mark.parametrize("now", [NINE - timedelta(seconds=1), NINE + 4 * HOUR])
def test_it_is_told_in_the_morning_only(edition: Edition, now: datetime) -> None:
    tick(edition, now)
    assert told(edition, now) == {}


def test_what_is_owed_waits_over_the_weekend(edition: Edition) -> None:
    tick(edition, NINE)
    tick(edition, SATURDAY + HOUR / 2)

    assert told(edition, SATURDAY + HOUR / 2) == {}

    tick(edition, NINE + 7 * DAY)
    (line, *_) = told(edition, NINE + 7 * DAY)["sato"]
    assert line.startswith("◆ 期限超過: セキュリティパッチ適用")


def test_nobody_without_work_is_told_anything(edition: Edition) -> None:
    tick(edition, NINE)
    name, run = mine(edition), task()
    sign_off(order(edition, name, run), "", shown=shown(edition, run, NINE), now=NINE)

    assert told(edition, NINE).keys() == {"sato"}


def test_whoever_has_been_handed_a_task_is_told_instead(edition: Edition) -> None:
    tick(edition, NINE)
    hand_on(order(edition, mine(edition), task()), "運用責任者", "外出のため", now=NINE)

    found = told(edition, NINE)

    assert found.keys() == {"sato"}
    assert any("監視ダッシュボード確認" in line for line in found["sato"])


def test_a_team_may_do_without(edition: Edition) -> None:
    silent = edition_of(bindings=BINDINGS + "[tasks]\ntells_mornings = false\n")
    tick(silent, NINE)

    assert told(silent, NINE) == {}


def test_only_the_person_is_told_and_what_is_shown_can_be_signed_off(edition: Edition) -> None:
    tick(edition, NINE)
    told(edition, NINE)

    alert = Alert.objects.get(key=f"tasks/morning/2026-04-06/{mine(edition)}")
    offered = OfferedTask.objects.get(alert_key=alert.key)
    assert alert.labels[PERSONAL]
    assert len(alert.people) == 1
    assert (offered.run, offered.name) == (task(), "監視ダッシュボード確認")
    assert offered.digest == shown(edition, task(), NINE)
