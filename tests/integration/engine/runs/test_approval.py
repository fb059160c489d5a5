"""Steps that need an approval: requested, awaited without a worker, and answered with evidence."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.engine.runs.claims import taken
from tests.integration.engine.runs.conftest import NOON, MakeWork
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.operation import OPERATION
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.engine.overview import EditionStatus
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs import orders
from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.claim import LEASE, Claim, Success
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.orders import ApprovalOrder
from toban.engine.runs.rules import RunReason
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.unanswered import watch
from toban.engine.runs.work import Step, Work
from toban.faces.web.runs.charts import length_of
from toban.message import Message

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
DOCUMENT = "# 運用設計書\n## 監視\n- **監視ツール**: Toban\n"
BINDINGS = """
[people."運用責任者"]
account = "nami"
"""


def edition_of(document: str = DOCUMENT, bindings: str = BINDINGS) -> Edition:
    return Edition(
        read_design(document, "運用設計書.md"), read_bindings(bindings, Path("toban.toml"), schema())
    )


@pytest.fixture
def edition() -> Edition:
    for name in ("nami", "ken"):
        Operator.objects.create_user(name, operator_role=OperatorRole.DEVELOPER)
    return edition_of()


@pytest.fixture
def work(make_work: MakeWork, edition: Edition) -> Work:
    step = Step("switch", lambda _turn: None, ApprovalTerms("運用責任者"), 'command = ["switch"]')
    made = under(edition, make_work(steps=(step,)))
    plan_due([made], NOON - MINUTE)
    plan_due([made], NOON)
    return made


def under(edition: Edition, work: Work) -> Work:
    """Return *work* as *edition* orders it."""
    return replace(work, document_digest=edition.design.digest, acting_digest=edition.bindings.acting_digest)


def take(work: Work, after: timedelta = timedelta(0)) -> Claim | None:
    return taken({work.key: work}, "a", NOON + after)


def has_consent(held: Claim | None, work: Work, at: datetime = NOON) -> bool:
    assert held is not None
    return claim.has_consent(held, work, work.steps[0], at)


def ask(work: Work, after: timedelta = timedelta(0)) -> Run:
    """Run until the approval is requested, and return the run."""
    assert not has_consent(take(work, after), work, NOON + after)
    return Run.objects.get()


def answer(run: Run, name: str, edition: Edition, note: str = "確認済み", **more: Any) -> ApprovalOrder:
    shown = more.pop("shown", None) or ApprovalRequest.objects.latest("pk").digest
    return ApprovalOrder(run.pk, shown, Giver(Operator.objects.get(username=name)), edition, note, **more)


def test_the_wait_for_an_approval_is_no_part_of_how_long_a_run_took(work: Work, edition: Edition) -> None:
    run = ask(work)
    assert run.began_at is None
    orders.approve(answer(run, "nami", edition), NOON + 8 * 60 * MINUTE)

    held = take(work, 8 * 60 * MINUTE)
    assert has_consent(held, work, NOON + 8 * 60 * MINUTE)
    assert held is not None
    claim.succeed_all([Success(held)], NOON + 8 * 60 * MINUTE + 5 * MINUTE)

    done = Run.objects.get()
    assert length_of(done) == 5 * MINUTE
    ended = LedgerEntry.objects.filter(kind="verdict").latest("sequence").content
    assert ended["began"] == (NOON + 8 * 60 * MINUTE).isoformat()


def test_a_run_that_asks_again_after_it_has_failed_began_when_it_did(work: Work, edition: Edition) -> None:
    orders.approve(answer(ask(work), "nami", edition), NOON)
    held = take(work)
    assert has_consent(held, work)
    assert held is not None
    claim.fail(held, replace(work, retry_delays=(MINUTE,)), RunReason.FAILED, Message("t.t"), NOON)
    changed = replace(work, steps=(replace(work.steps[0], bound='command = ["other"]'),))

    assert not has_consent(take(changed, MINUTE), changed, NOON + MINUTE)

    assert Run.objects.get().began_at == NOON


def test_a_waiting_run_occupies_no_worker_and_ends_unperformed_if_nobody_answers_in_time(
    work: Work, edition: Edition
) -> None:
    run = ask(work)

    assert (run.state, run.reason, run.holder, run.step) == ("waiting", "awaiting-approval", "", "switch")
    assert take(work, timedelta(days=30)) is None
    assert run.attempts.get().outcome == RunReason.AWAITING_APPROVAL
    assert (run.failures, run.losses) == (0, 0)

    watch(edition, NOON + timedelta(hours=24) - MINUTE)
    assert Run.objects.get().state == Run.State.WAITING
    watch(edition, NOON + timedelta(hours=24))

    ended = Run.objects.get()
    assert (ended.state, ended.reason) == (Run.State.CANCELLED, RunReason.UNANSWERED)
    assert LedgerEntry.objects.get(kind="verdict").content["verdict"] == "not-performed"
    assert ApprovalRequest.objects.get().state == "expired"


def test_an_approved_run_continues_at_once_and_a_retry_needs_no_new_approval(
    work: Work, edition: Edition
) -> None:
    run = ask(work)

    orders.approve(answer(run, "nami", edition), NOON + MINUTE)

    assert has_consent(take(work, MINUTE), work, NOON + MINUTE)
    assert has_consent(take(work, MINUTE + LEASE), work, NOON + MINUTE + LEASE)
    answered = ApprovalRequest.objects.get().answers.get()
    assert (answered.answer, answered.username, answered.note) == ("granted", "nami", "確認済み")


def test_those_who_approve_are_shown_everything_that_is_bound(work: Work) -> None:
    ask(work)

    shown = dict(ApprovalRequest.objects.get().facts_said())
    assert [str(label) for label in shown] == [
         "バッチ", "予定", "手順", "行うこと (接続表)", "依頼者", "文書と接続表の版",
    ]  # fmt: skip
    assert 'command = ["switch"]' in map(str, shown.values())


def test_an_approval_becomes_evidence(work: Work, edition: Edition) -> None:
    run = ask(work)
    orders.approve(answer(run, "nami", edition), NOON + MINUTE)

    entry = LedgerEntry.objects.order_by("-sequence")[0]

    assert (entry.kind, entry.actor, entry.clause_id) == ("audit", "nami", work.clause_id)
    content = entry.content
    assert (content["order"], content["step"], content["said"], content["run"]) == (
        "approve", "switch", "確認済み", run.pk,
    )  # fmt: skip


def test_a_refusal_ends_the_run_with_its_reason(work: Work, edition: Edition) -> None:
    run = ask(work)

    orders.refuse(answer(run, "nami", edition, "リリース凍結中"), NOON + MINUTE)

    run.refresh_from_db()
    assert (run.state, run.reason) == (Run.State.CANCELLED, RunReason.REFUSED)
    assert str(run.note) == "nami が却下しました: リリース凍結中"
    assert take(work, timedelta(days=1)) is None
    kinds = list(LedgerEntry.objects.order_by("sequence").values_list("kind", flat=True))
    assert kinds == ["audit", "verdict"]


def test_an_approval_request_can_be_answered_only_once(work: Work, edition: Edition) -> None:
    run = ask(work)
    orders.approve(answer(run, "nami", edition), NOON)

    with pytest.raises(NotPossible):
        orders.refuse(answer(run, "nami", edition, "遅すぎます"), NOON)

    assert ApprovalRequest.objects.get().answers.get().answer == "granted"


def test_the_run_waits_on_until_enough_people_have_approved(work: Work, edition: Edition) -> None:
    layers = '[duty."運用責任者"]\nlayers = [{people = ["甲"]}, {people = ["乙"]}]\n'
    people = '[people."甲"]\naccount = "nami"\n[people."乙"]\naccount = "ken"\n'
    pair = edition_of(bindings=layers + people)
    two = replace(work, steps=(replace(work.steps[0], approval=ApprovalTerms("運用責任者", people=2)),))
    run = ask(two)

    orders.approve(answer(run, "nami", pair), NOON)
    run.refresh_from_db()
    assert (run.reason, str(run.note).startswith("nami が承認しました。2 人のうち 1 人")) == (
        "awaiting-approval",
        True,
    )
    orders.approve(answer(run, "ken", pair), NOON)

    run.refresh_from_db()
    assert run.reason == RunReason.APPROVED


def test_nobody_approves_a_run_that_they_ordered_or_had_repeated(work: Work, edition: Edition) -> None:
    nami = Operator.objects.get(username="nami")
    run = ask(work)
    orders.refuse(answer(run, "nami", edition, "まだです"), NOON)
    orders.again(work.key, run.pk, None, by="nami", now=NOON + MINUTE, account=nami)
    run = ask(work, MINUTE)

    with pytest.raises(NotPossible, match="自分が依頼したこと"):
        orders.approve(answer(run, "nami", edition), NOON + MINUTE)

    assert [each.state for each in ApprovalRequest.objects.order_by("pk")] == ["refused", "open"]


def test_a_work_that_needs_approval_takes_no_order_from_somebody_unknown(work: Work) -> None:
    assert PlannedWork.objects.get().needs_approval

    with pytest.raises(NotPossible, match="だれが依頼したか") as told:
        orders.order(work.key, {}, by="root", now=NOON + MINUTE)

    assert "--as" in str(told.value.hint)
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("document", "bindings"), [(DOCUMENT + "追記\n", BINDINGS), (DOCUMENT, BINDINGS + "[assumptions]\n")]
)
def test_an_edit_between_question_and_answer_asks_again(
    work: Work, edition: Edition, document: str, bindings: str
) -> None:
    run = ask(work)
    edited = edition_of(document, bindings)

    with pytest.raises(NotPossible, match="文書か接続表が変わりました"):
        orders.approve(answer(run, "nami", edited), NOON)
    watch(edited, NOON)

    run.refresh_from_db()
    assert (run.state, run.reason) == (Run.State.WAITING, RunReason.ASKS_AGAIN)
    asks_again = under(edited, work)
    assert not has_consent(take(asks_again, MINUTE), asks_again, NOON + MINUTE)
    assert [each.state for each in ApprovalRequest.objects.order_by("pk")] == ["superseded", "open"]
    orders.approve(answer(run, "nami", edited), NOON + MINUTE)


def test_an_edit_between_answer_and_start_asks_again(work: Work, edition: Edition) -> None:
    run = ask(work)
    orders.approve(answer(run, "nami", edition), NOON)

    edited = under(edition_of(DOCUMENT + "追記\n"), work)

    assert not has_consent(take(edited, MINUTE), edited, NOON + MINUTE)
    run.refresh_from_db()
    assert run.reason == RunReason.AWAITING_APPROVAL


def test_an_approval_that_was_not_used_in_time_is_asked_for_again(work: Work, edition: Edition) -> None:
    run = ask(work)
    orders.approve(answer(run, "nami", edition), NOON)
    late = timedelta(hours=24)

    assert not has_consent(take(work, late), work, NOON + late)


def test_the_answer_to_one_run_is_none_to_another(work: Work, edition: Edition) -> None:
    run = ask(work)
    shown = ApprovalRequest.objects.get().digest
    orders.cancel(work.key, by="nami", now=NOON)
    nami = Operator.objects.get(username="ken")
    other = orders.order(work.key, {}, by="ken", now=NOON + MINUTE, account=nami)
    assert not has_consent(take(work, MINUTE), work, NOON + MINUTE)

    with pytest.raises(NotPossible, match="承認を待っていません"):
        orders.approve(answer(run, "nami", edition, shown=shown), NOON + MINUTE)
    with pytest.raises(NotPossible, match="いまの内容が違います"):
        orders.approve(answer(other, "nami", edition, shown=shown), NOON + MINUTE)


def test_in_an_emergency_the_run_goes_on_without_approval(work: Work, edition: Edition) -> None:
    run = ask(work)
    asked = ApprovalRequest.objects.get()
    by = Giver(Operator.objects.get(username="ken"), has_proved=True)

    orders.break_glass(ApprovalOrder(run.pk, asked.digest, by, edition, "停止中"), NOON)

    run.refresh_from_db()
    assert str(run.note) == "ken が承認なしで進めました: 停止中"
    assert has_consent(take(work), work)
    (to_review,) = OPERATION.to_do(edition, EditionStatus(NOON, {}))
    assert (str(to_review.subject)[:7], to_review.verdict) == ("承認なしの実行", Verdict.DEVIATING)


def test_a_run_that_did_not_ask_cannot_be_approved(work: Work, edition: Edition) -> None:
    with pytest.raises(NotPossible) as told:
        orders.approve(answer(Run.objects.get(), "nami", edition, shown="0" * 64), NOON)

    assert "承認を待っていません" in str(told.value)


def test_a_run_waiting_for_approval_can_be_cancelled_and_stops_asking(work: Work) -> None:
    run = ask(work)

    orders.cancel(work.key, by="nami", now=NOON)

    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    assert ApprovalRequest.objects.get().state == "superseded"


def test_an_approval_request_stays_on_the_first_screen_until_answered(work: Work, edition: Edition) -> None:
    run = ask(work)
    asked = ApprovalRequest.objects.get()

    (found,) = OPERATION.to_do(edition, EditionStatus(NOON, {}))
    assert str(found.subject) == f"B001 実行 {run.pk} の手順「switch」"
    assert (found.assignee, found.at, found.link.arguments) == ("運用責任者", NOON, (asked.pk,))

    orders.approve(answer(run, "nami", edition), NOON + MINUTE)

    assert list(OPERATION.to_do(edition, EditionStatus(NOON, {}))) == []
