"""The status of rows that people perform, and of rows that order the same act."""

from datetime import datetime

import pytest
from tests.integration.engine.tasks.conftest import (
    DAILY,
    DAY,
    DOCUMENT,
    HOUR,
    MONDAY,
    PATCH,
    PATCH_ELSEWHERE,
    edition_of,
    order,
    shown,
    task,
    tick,
)
from tests.registered import PARTS

from toban.chapters.routine.operation import OPERATION, _show
from toban.engine.editions.edition import Edition
from toban.engine.evidence.current import status_of
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert
from toban.engine.operation import rows_of
from toban.engine.overview import EditionStatus
from toban.engine.people.models import Operator
from toban.engine.tasks.orders import hand_on, sign_off

pytestmark = pytest.mark.django_db

NINE = MONDAY + HOUR / 2
TUESDAY = NINE + DAY


def status(edition: Edition, now: datetime, row: str = DAILY) -> ClauseStatus:
    tick(edition, now)
    _show(edition, now)
    found = status_of(row, now)
    assert found is not None
    return found


def sign_patch(edition: Edition, now: datetime) -> None:
    run = task(PATCH)
    sign_off(order(edition, "sato", run), "", shown=shown(edition, run, now), now=now)


def test_a_task_is_not_due_then_waits_then_is_performed(edition: Edition) -> None:
    assert status(edition, MONDAY, PATCH).verdict == Verdict.NOT_DUE
    waiting = status(edition, NINE, PATCH)
    assert (waiting.verdict, waiting.value.code) == (Verdict.NOT_DUE, "tasks.waits-until")

    sign_patch(edition, NINE)

    done = status(edition, NINE, PATCH)
    assert (done.verdict, str(done.value)) == (Verdict.CONFORMING, "運用責任者 が実施")


def test_a_task_that_is_owed_is_not_performed_until_it_is_signed(edition: Edition) -> None:
    tick(edition, NINE)

    late = status(edition, TUESDAY, PATCH)
    assert (late.verdict, late.reason.code) == (Verdict.NOT_PERFORMED, "tasks.overdue")
    sign_patch(edition, TUESDAY)

    assert "遅れて" in str(status(edition, TUESDAY, PATCH).value)


def test_a_daily_task_that_was_missed_shows_until_one_is_performed(edition: Edition) -> None:
    tick(edition, NINE)

    assert status(edition, TUESDAY - HOUR).verdict == Verdict.NOT_PERFORMED
    waiting = status(edition, TUESDAY)
    assert (waiting.verdict, waiting.value.code) == (Verdict.NOT_PERFORMED, "tasks.waits-until")


def test_nobody_who_could_sign_is_a_deviation_with_its_reason(edition: Edition) -> None:
    Operator.objects.filter(username="sato").update(is_active=False)

    found = status(edition, NINE, PATCH)

    assert found.verdict == Verdict.DEVIATING
    assert "sato" in str(found.reason)


def test_one_run_proves_all_rows_of_its_act(edition: Edition) -> None:
    tick(edition, NINE)
    sign_patch(edition, NINE)

    joined = status(edition, NINE, PATCH_ELSEWHERE)

    assert joined.verdict == Verdict.CONFORMING
    assert str(joined.reason).startswith("運用設計書.md:21 と同じことを求める行です")
    assert (joined.value, joined.next_due) == (
        status(edition, NINE, PATCH).value, status(edition, NINE, PATCH).next_due,
    )  # fmt: skip


def test_a_row_whose_role_no_account_can_hold_is_unbound_with_a_way_out() -> None:
    rows = rows_of(edition_of(bindings=""), PARTS.operations)

    for row in (DAILY, PATCH, PATCH_ELSEWHERE):
        assert '[people."' in str(rows[row])


def test_a_row_that_names_nobody_and_one_that_a_machine_does_are_no_tasks() -> None:
    plan = edition_of(DOCUMENT.replace("9:00 | 開発担当者", "9:00 | ")).plan(OPERATION)

    assert plan.rows[DAILY].code == "tasks.row-names-nobody"
    assert list(plan.works) == [PATCH]


def test_the_first_screen_lists_what_is_open_and_what_is_due_later_today(edition: Edition) -> None:
    def asked(now: datetime) -> list[tuple[str, datetime | None, Verdict | None, str]]:
        found = OPERATION.to_do(edition, EditionStatus(now, {}))
        return [(str(each.subject), each.at, each.verdict, each.assignee) for each in found]

    assert asked(MONDAY) == [
        ("セキュリティパッチ適用", NINE, None, "運用責任者"),
        ("監視ダッシュボード確認", NINE, None, "開発担当者"),
    ]
    tick(edition, TUESDAY)
    assert asked(TUESDAY) == [
        ("セキュリティパッチ適用", NINE, Verdict.NOT_PERFORMED, "運用責任者"),
        ("監視ダッシュボード確認", TUESDAY, None, "開発担当者"),
    ]


def test_those_who_hold_the_role_hear_of_a_task_until_it_is_signed(
    edition: Edition,
) -> None:
    tick(edition, NINE)
    assert not Alert.objects.exists()

    status(edition, TUESDAY, PATCH)
    (alert,) = Alert.objects.filter(clause_id=PATCH)
    assert (alert.condition, alert.people, alert.resolved_at) == ("warning", ["運用責任者"], None)
    sign_patch(edition, TUESDAY)
    status(edition, TUESDAY, PATCH)

    alert.refresh_from_db()
    assert alert.resolved_at == TUESDAY


def test_the_person_to_whom_a_task_is_handed_on_is_told(edition: Edition) -> None:
    tick(edition, NINE)

    hand_on(order(edition, "sato", task(PATCH)), "田中", "外出", now=NINE)

    told = Alert.objects.get()
    assert (told.people, told.condition, told.resolved_at) == (["田中"], "info", NINE)
    assert str(told.value) == "運用責任者 から引き継がれました: 外出"
