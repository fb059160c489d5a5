"""A drill is held by Toban and signed off by whoever holds the role."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.integration.chapters.backup.drill_document import drilled
from tests.registered import PARTS

from toban.chapters.backup.drills import routine
from toban.chapters.backup.drills.sign_off import confirmed
from toban.chapters.backup.models import Drill
from toban.chapters.backup.operation import OPERATION
from toban.engine.approvals.answers import Giver
from toban.engine.bindings.model import Person
from toban.engine.editions.edition import Edition
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.operation import works_of
from toban.engine.overview import EditionStatus, RowStatus
from toban.engine.people.models import Operator
from toban.engine.runs import scheduler
from toban.engine.tasks.lists import OpenTask, listed
from toban.engine.tasks.orders import TaskOrder, sign_off
from toban.message import NOTHING

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 12, 7, 4, tzinfo=ZoneInfo("Asia/Tokyo"))
"""Before the first Monday's drill at 5:00."""
HOUR = timedelta(hours=1)


@pytest.fixture
def edition(tmp_path: Path) -> Edition:
    Operator.objects.create_user("kai")
    plain = drilled(tmp_path)
    bindings = replace(plain.bindings, people={"開発担当者": Person(account="kai")})
    found = Edition(plain.design, bindings, plain.kinds)
    for now in (NIGHT, NIGHT + 2 * HOUR):
        scheduler.plan_due(works_of(found, PARTS.operations).values(), now)
    return found


def held(is_passed: bool = True) -> Drill:
    return Drill.objects.create(
        subject="PostgreSQL",
        clause_id="routine/routine/バックアップリストアテスト",
        started_at=NIGHT + HOUR,
        ended_at=NIGHT + 1.1 * HOUR,
        label="20261207-020000F",
        is_passed=is_passed,
        reason=NOTHING,
        rpo_seconds=60.0,
        rto_seconds=90.0,
        evidence_sequence=1,
    )


def the_task(edition: Edition, now: datetime = NIGHT + 2 * HOUR) -> OpenTask:
    (found,) = listed(edition, PARTS, now)
    return found


def status(edition: Edition, now: datetime) -> StatusUpdate:
    plan = edition.plan(OPERATION).drills
    (found,) = confirmed(routine.standing(plan, now), plan.sign_offs, edition, now)
    return found


def sign(edition: Edition, now: datetime) -> None:
    task = the_task(edition, now)
    order = TaskOrder(task.run.pk, Giver(Operator.objects.get()), edition, PARTS)
    sign_off(order, "", shown=task.shown, now=now)


def test_a_drill_that_passed_is_shown_and_signed(edition: Edition) -> None:
    held()
    task = the_task(edition)

    assert (str(task.facts[0].label), task.has_exceptions) == ("PostgreSQL の復旧訓練", False)
    assert "20261207-020000F" in str(task.facts[0].value)
    sign(edition, NIGHT + 6 * HOUR)

    assert status(edition, NIGHT + 20 * HOUR).verdict is Verdict.CONFORMING


@pytest.mark.parametrize("is_held", [True, False])
def test_a_drill_that_failed_or_was_not_held_needs_a_remark(edition: Edition, is_held: bool) -> None:
    if is_held:
        held(is_passed=False)

    assert the_task(edition).has_exceptions


def test_a_passed_drill_that_nobody_confirmed_in_time_is_not_performed(edition: Edition) -> None:
    held()

    assert status(edition, NIGHT + 19 * HOUR).verdict is Verdict.CONFORMING
    late = status(edition, NIGHT + 20 * HOUR)

    assert (late.verdict, late.reason.code) == (Verdict.NOT_PERFORMED, "tasks.overdue")
    assert "合格" in str(late.value)
    shown = EditionStatus(NIGHT + 20 * HOUR, {late.clause_id: RowStatus(late.verdict, NOTHING, NIGHT)})
    assert [str(each.link.label) for each in OPERATION.to_do(edition, shown)] == ["実施して署名する"]


def test_a_failed_drill_stays_a_deviation_whoever_signs(edition: Edition) -> None:
    held(is_passed=False)

    assert status(edition, NIGHT + 20 * HOUR).verdict is Verdict.DEVIATING


def test_a_row_whose_role_has_no_account_says_so_beside_the_drills_result(tmp_path: Path) -> None:
    held()
    found = status(drilled(tmp_path), datetime(2026, 12, 8, tzinfo=UTC))

    assert (found.verdict, found.reason.code) == (Verdict.CONFORMING, "tasks.role-without-account")


def test_a_row_that_says_automatic_needs_nobody(edition: Edition) -> None:
    automatic = [
        replace(each, owner="", is_automatic=True) if each.kind == "routine" else each  # type: ignore[call-arg]
        for each in edition.design.clauses
    ]
    design = replace(edition.design, clauses=tuple(automatic))

    assert not Edition(design, edition.bindings, edition.kinds).plan(OPERATION).drills.sign_offs.works
