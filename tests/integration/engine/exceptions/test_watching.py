"""What becomes of exceptions by themselves: they end, are asked for again, and people are told."""

from datetime import datetime, timedelta

import pytest
from tests.integration.engine.exceptions.conftest import (
    DAY,
    DOCUMENT,
    NOON,
    ROW,
    account,
    answer,
    asked,
    edition_of,
    granted,
)

from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.rules import RequestState
from toban.engine.editions.edition import Edition
from toban.engine.evidence import current, status
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.exceptions import service
from toban.engine.exceptions.operation import OPERATION
from toban.engine.exceptions.rules import ExceptionState
from toban.engine.exceptions.standing import in_force
from toban.engine.exceptions.watching import watch
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition, Signal
from toban.engine.overview import EditionStatus
from toban.message import NOTHING, plain

pytestmark = pytest.mark.django_db


def deviates(now: datetime, verdict: Verdict = Verdict.DEVIATING) -> None:
    status.show([StatusUpdate(ROW, verdict, plain("92%"), plain("高い"), now)], now, "digest")


def alert(instance: str, now: datetime) -> None:
    signal = Signal(
        f"{ROW}/{instance}", ROW, "運用設計書.md:10", "DB", Condition.CRITICAL, plain("DB"), plain("92%"),
        NOTHING, now, now, labels={"target": "DB", "instance": instance},
    )  # fmt: skip
    alerts.report([signal], now)


def told(what: str) -> list[Alert]:
    return [
        each
        for each in Alert.objects.order_by("pk")
        if each.key.startswith("exceptions/") and each.key.endswith(what)
    ]


def test_verdict_and_evidence_stay_true_while_the_row_says_that_it_is_allowed(edition: Edition) -> None:
    deviates(NOON)
    before = current.latest_revision()
    found = granted(edition)

    shown = current.status_of(ROW, NOON)

    assert shown is not None
    assert shown.verdict == Verdict.DEVIATING
    assert [each.number for each in shown.exceptions] == [found.pk]
    verdicts = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.VERDICT)
    assert [each.content["verdict"] for each in verdicts] == ["deviating"]
    assert [each.clause_id for each in current.changes(before, NOON, NOON)] == [ROW]


def test_an_exception_ends_at_its_time_and_is_never_renewed_by_itself(edition: Edition) -> None:
    found = granted(edition)
    last = found.ends_at - timedelta(seconds=1)
    watch(edition, last)
    assert in_force(last)

    watch(edition, found.ends_at)

    found.refresh_from_db()
    assert (found.state(found.ends_at), in_force(found.ends_at)) == (ExceptionState.ENDED, [])
    audit = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT).order_by("-sequence")[0]
    assert (audit.actor, audit.content["order"]) == ("toban", "end-exception")


def test_its_author_is_told_once_a_week_before_it_ends(edition: Edition) -> None:
    found = granted(edition)
    watch(edition, found.ends_at - timedelta(days=7, seconds=1))
    assert told("soon") == []

    for later in range(3):
        watch(edition, found.ends_at - 7 * DAY + later * DAY)

    (event,) = told("soon")
    assert (event.condition, set(event.people)) == (Condition.INFO, {"佐藤", "運用責任者"})
    seen = EditionStatus(found.ends_at - DAY, {})
    assert [each.clause_id for each in OPERATION.to_do(edition, seen)] == [ROW]


def test_nobody_is_reminded_of_one_that_somebody_asks_to_renew(edition: Edition) -> None:
    found = granted(edition)
    early = found.ends_at - 2 * DAY
    service.renew(found.pk, "遅れ", ends_at=NOON + 90 * DAY, by=account("sato"), edition=edition, now=early)

    watch(edition, found.ends_at - DAY)

    assert told("soon") == []


def test_a_deviation_that_goes_on_after_the_end_is_a_warning_until_it_is_over(edition: Edition) -> None:
    found = granted(edition)
    deviates(found.ends_at)

    watch(edition, found.ends_at)
    (warning,) = told("over")
    assert (warning.condition, warning.resolved_at) == (Condition.WARNING, None)

    later = found.ends_at + timedelta(minutes=1)
    deviates(later, Verdict.CONFORMING)
    watch(edition, later)
    warning.refresh_from_db()
    assert warning.resolved_at == later


def test_the_warning_ends_when_the_deviation_is_allowed_again(edition: Edition) -> None:
    found = granted(edition)
    deviates(found.ends_at)
    watch(edition, found.ends_at)

    again = service.renew(
        found.pk,
        "遅れ",
        ends_at=found.ends_at + 9 * DAY,
        by=account("sato"),
        edition=edition,
        now=found.ends_at,
    )
    service.approve(answer(again, "tanaka"), edition, found.ends_at)
    watch(edition, found.ends_at + timedelta(seconds=9))

    (warning,) = told("over")
    assert warning.resolved_at is not None


def test_an_exception_of_one_host_looks_at_that_host_only(edition: Edition) -> None:
    found = granted(edition, subject="db-2")
    alert("db-1", found.ends_at)
    watch(edition, found.ends_at)
    assert told("over") == []

    alert("db-2", found.ends_at)
    watch(edition, found.ends_at)

    assert len(told("over")) == 1


def test_a_request_that_nobody_answers_is_over(edition: Edition) -> None:
    found = asked(edition)

    watch(edition, NOON + 7 * DAY)

    found.refresh_from_db()
    assert found.state(NOON + 7 * DAY) is ExceptionState.REJECTED
    assert ApprovalRequest.objects.get().state == RequestState.EXPIRED


def test_under_a_new_edition_a_request_is_asked_again_and_counts_as_it_is_then(edition: Edition) -> None:
    found = asked(edition)
    changed = edition_of(document=DOCUMENT + "追記\n")

    watch(changed, NOON)
    service.approve(answer(found, "tanaka"), changed, NOON)

    assert in_force(NOON)
    states = list(ApprovalRequest.objects.order_by("pk").values_list("state", flat=True))
    assert states == [RequestState.SUPERSEDED, RequestState.GRANTED]


@pytest.mark.parametrize(
    "changed", [DOCUMENT.replace("85%", "95%"), DOCUMENT.replace("| DB | CPU", "| API | CPU")]
)
def test_an_exception_ends_when_its_row_changes_or_is_gone(edition: Edition, changed: str) -> None:
    granted(edition, subject="db-1")
    asked(edition, subject="db-2")

    watch(edition_of(document=changed), NOON + DAY)

    assert not in_force(NOON + DAY)
    assert not ApprovalRequest.objects.filter(state=RequestState.OPEN).exists()
