"""Steps that need an approval: requested, awaited without a worker, and answered with evidence."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.engine.runs.claims import taken
from tests.integration.engine.runs.conftest import NOON, MakeWork
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.overview import EditionStatus
from toban.engine.runs import orders
from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.claim import LEASE, Claim
from toban.engine.runs.models import Approval, Run
from toban.engine.runs.operation import OPERATION
from toban.engine.runs.rules import RunReason
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import Step, Work

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def work(make_work: MakeWork) -> Work:
    made = make_work(steps=(Step("switch", lambda _turn: None, approval="運用責任者"),))
    plan_due([made], NOON - MINUTE)
    plan_due([made], NOON)
    return made


def take(work: Work, after: timedelta = timedelta(0)) -> Claim | None:
    return taken({work.key: work}, "a", NOON + after)


def ask(work: Work) -> Run:
    """Run until the approval is requested, and return the run."""
    held = take(work)
    assert held is not None
    assert not claim.has_consent(held, "switch", "運用責任者", NOON)
    return Run.objects.get()


def test_a_run_waits_indefinitely_for_approval_without_occupying_a_worker(work: Work) -> None:
    run = ask(work)

    assert (run.state, run.reason, run.holder, run.step) == ("waiting", "awaiting-approval", "", "switch")
    assert take(work, timedelta(days=30)) is None
    assert run.attempts.get().outcome == RunReason.AWAITING_APPROVAL
    assert (run.failures, run.losses) == (0, 0)


def test_an_approved_run_continues_at_once_and_a_retry_needs_no_new_approval(work: Work) -> None:
    run = ask(work)

    orders.approve(run.pk, "確認済み", by="nami", now=NOON + MINUTE)

    held = take(work, MINUTE)
    assert held is not None
    assert claim.has_consent(held, "switch", "運用責任者", NOON + MINUTE)
    later = take(work, MINUTE + LEASE)
    assert later is not None
    assert claim.has_consent(later, "switch", "運用責任者", NOON + MINUTE + LEASE)
    answered = Approval.objects.get()
    assert (answered.answer, answered.answered_by, answered.note) == ("granted", "nami", "確認済み")


def test_an_approval_becomes_evidence(work: Work) -> None:
    orders.approve(ask(work).pk, "確認済み", by="nami", now=NOON + MINUTE)

    entry = LedgerEntry.objects.order_by("-sequence")[0]

    assert (entry.kind, entry.actor, entry.clause_id) == ("audit", "nami", work.clause_id)
    assert (entry.content["order"], entry.content["step"], entry.content["said"]) == (
        "approve", "switch", "確認済み",
    )  # fmt: skip


def test_a_refusal_ends_the_run_with_its_reason(work: Work) -> None:
    run = ask(work)

    orders.refuse(run.pk, "リリース凍結中", by="nami", now=NOON + MINUTE)

    run.refresh_from_db()
    assert (run.state, run.reason) == (Run.State.CANCELLED, RunReason.REFUSED)
    assert str(run.note) == "nami が却下しました: リリース凍結中"
    assert take(work, timedelta(days=1)) is None
    kinds = list(LedgerEntry.objects.order_by("sequence").values_list("kind", flat=True))
    assert kinds == ["verdict", "audit"]


def test_an_approval_request_can_be_answered_only_once(work: Work) -> None:
    run = ask(work)
    orders.approve(run.pk, by="nami", now=NOON)

    with pytest.raises(NotPossible):
        orders.refuse(run.pk, "遅すぎます", by="ken", now=NOON)

    assert Approval.objects.get().answered_by == "nami"


def test_a_run_resumed_after_a_refusal_asks_for_approval_again(work: Work) -> None:
    run = ask(work)
    orders.refuse(run.pk, "まだです", by="nami", now=NOON)

    orders.again(work.key, run.pk, None, by="nami", now=NOON + MINUTE)

    held = take(work, MINUTE)
    assert held is not None
    assert not claim.has_consent(held, "switch", "運用責任者", NOON + MINUTE)
    assert [each.answer for each in Approval.objects.order_by("pk")] == ["refused", ""]


def test_a_run_that_did_not_ask_cannot_be_approved(work: Work) -> None:
    with pytest.raises(NotPossible) as told:
        orders.approve(Run.objects.get().pk, by="nami", now=NOON)

    assert "承認を待っていません" in str(told.value)


def test_a_run_waiting_for_approval_can_be_cancelled_and_stops_asking(work: Work) -> None:
    run = ask(work)

    orders.cancel(work.key, by="nami", now=NOON)

    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    assert Approval.objects.get().is_superseded


def test_an_approval_request_stays_on_the_first_screen_until_answered(work: Work) -> None:
    run = ask(work)
    design = read_design("# 運用設計書\n## 監視\n- **監視ツール**: Toban\n", "運用設計書.md")
    edition = Edition(design, read_bindings("", Path("toban.toml"), schema()))

    (found,) = OPERATION.to_do(edition, EditionStatus(NOON, {}))
    assert (str(found.subject), found.assignee, found.at) == ("B001 switch", "運用責任者", NOON)
    assert found.link.arguments == (run.pk,)

    orders.approve(run.pk, "確認済み", by="nami", now=NOON + MINUTE)

    assert list(OPERATION.to_do(edition, EditionStatus(NOON, {}))) == []
