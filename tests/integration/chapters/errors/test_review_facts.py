"""An error review is a task: what is shown, and that its row is judged by the sign-off."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.integration.chapters.errors.reported import DOCUMENT, event, take
from tests.registered import PARTS, schema

from toban.chapters.routine.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.approvals.answers import Giver
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.runs import scheduler
from toban.engine.tasks.lists import last_signed, listed
from toban.engine.tasks.orders import TaskOrder, sign_off
from toban.engine.tasks.standing import statuses

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Tokyo"))
DAY = timedelta(days=1)
BOUND = '[errors.shop]\nproject = 1\nkey = "env:KEY"\n'
PERSON = '[people."開発担当者"]\naccount = "kai"\n'
REVIEW = "routine/routine/エラーログ分析"


def due(bindings: str = BOUND + PERSON) -> Edition:
    """Return an edition whose review is due since Monday at ten."""
    bound = read_bindings(bindings, Path("toban.toml"), schema())
    edition = Edition(read_design(DOCUMENT, "運用設計書.md"), bound)
    works = edition.plan(OPERATION).works.values()
    scheduler.plan_due(works, MONDAY - DAY)
    scheduler.plan_due(works, MONDAY)
    return edition


def test_a_review_shows_the_errors_of_the_week_before_it_was_due() -> None:
    take(event("Old", at=MONDAY - 12 * DAY))
    take(event("Old", at=MONDAY - 3 * DAY))
    take(event("New", at=MONDAY - 2 * DAY))
    take(event("Later", at=MONDAY))

    ((fact,),) = [each.facts for each in listed(due(), PARTS, MONDAY)]

    assert (str(fact.value), fact.is_exception) == ("2 種類 (新規 1、再発 0、増加 0)", True)
    assert fact.link is not None
    assert (fact.link.page, fact.link.query) == ("error-review", "week=2026-11-16")


def test_a_review_without_new_errors_is_signed_without_a_remark_and_proves_its_row() -> None:
    kai = Operator.objects.create_user("kai")
    edition, now = due(), MONDAY + DAY / 12
    (task,) = listed(edition, PARTS, now)
    assert [str(fact.value) for fact in task.facts] == ["0 種類 (新規 0、再発 0、増加 0)"]

    sign_off(TaskOrder(task.run.pk, Giver(kai), edition, PARTS), "", shown=task.shown, now=now)

    (status,) = statuses(edition.plan(OPERATION).works.values(), edition, now)
    assert (status.clause_id, status.verdict) == (REVIEW, Verdict.CONFORMING)
    signed = last_signed([REVIEW], MONDAY - DAY / 2, MONDAY + 6 * DAY)
    assert signed is not None
    assert signed.facts_shown()[0].value == task.facts[0].value


def test_an_error_that_arrives_while_the_review_is_read_is_not_signed_away() -> None:
    kai = Operator.objects.create_user("kai")
    edition = due()
    (task,) = listed(edition, PARTS, MONDAY)
    take(event("Late", at=MONDAY - 2 * DAY))

    with pytest.raises(NotPossible) as refused:
        sign_off(TaskOrder(task.run.pk, Giver(kai), edition, PARTS), "見た", shown=task.shown, now=MONDAY)
    assert refused.value.said.code == "tasks.not-what-was-shown"


def test_a_review_of_errors_that_are_collected_elsewhere_has_no_facts() -> None:
    assert [each.facts for each in listed(due(PERSON), PARTS, MONDAY)] == [()]
