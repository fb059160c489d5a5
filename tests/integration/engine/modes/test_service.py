"""People move automatic acts: audited, by those who may order, with approval where nothing can be undone."""

from dataclasses import replace
from typing import Any

import pytest
from tests.integration.engine.approvals.conftest import HOUR, MONDAY, PAIR, account, edition_of, giver

from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.approvals.rules import RequestState
from toban.engine.editions.edition import Edition
from toban.engine.editions.records import record_in_force
from toban.engine.evidence.models import LedgerEntry
from toban.engine.modes.models import ModeSetting
from toban.engine.modes.rules import AutomaticAct, Mode, mode_now
from toban.engine.modes.service import EFFECT, decisions, forget_overridden, move, settings, shown_of
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs import operation
from toban.message import plain

pytestmark = pytest.mark.django_db

ACT = AutomaticAct(
    subject="schedule/B001", title=plain("B001"), bound="rm -r", role="運用責任者", declared=Mode.SHADOW
)
FOREVER = replace(ACT, is_irreversible=True)
SHELL = Giver(None, ApprovalAnswer.Via.SHELL, "root")


@pytest.fixture
def edition() -> Edition:
    """Two people hold the role at once."""
    for name, role in (("tanaka", "developer"), ("suzuki", "developer"), ("yamada", "viewer")):
        Operator.objects.create_user(name, f"{name}@example.com", operator_role=OperatorRole(role))
    return edition_of(bindings=PAIR)


def moved(act: AutomaticAct, wanted: Mode, edition: Edition, **more: Any) -> ApprovalRequest | None:
    by = more.pop("by", None) or giver("tanaka")
    shown = more.pop("shown", None) or shown_of(act, settings().get(act.subject))
    reason = more.pop("reason", "compared")
    return move(act, wanted, reason, shown=shown, by=by, edition=edition, now=more.pop("now", MONDAY))


def approve(request: ApprovalRequest, name: str, edition: Edition, **more: Any) -> None:
    by = Giver(account(name), has_proved=True)
    order = AnswerOrder(request.pk, more.get("shown", request.digest), by, edition)
    answering.approve(order, (EFFECT,), MONDAY + HOUR)


def now_of(act: AutomaticAct) -> Mode:
    return mode_now(act, decisions())


def test_a_move_counts_at_once_and_is_in_the_evidence(edition: Edition) -> None:
    assert moved(ACT, Mode.ACT, edition) is None

    assert now_of(ACT) is Mode.ACT
    entry = LedgerEntry.objects.get(kind="audit")
    assert (entry.actor, entry.content["act"], entry.content["from"], entry.content["to"]) == (
        "tanaka", "schedule/B001", "shadow", "act",
    )  # fmt: skip
    assert entry.content["reason"] == "compared"


def test_a_move_from_a_shell_says_whose_it_was(edition: Edition) -> None:
    moved(ACT, Mode.ACT, edition, by=Giver(account("tanaka"), ApprovalAnswer.Via.SHELL, "suzuki"))

    entry = LedgerEntry.objects.get(kind="audit")
    assert (entry.actor, entry.content["via"], entry.content["shell_user"]) == ("tanaka", "shell", "suzuki")


def test_acting_on_what_can_not_be_undone_waits_for_another_holder_of_the_role(edition: Edition) -> None:
    request = moved(FOREVER, Mode.ACT, edition)
    assert request is not None
    assert now_of(FOREVER) is Mode.SHADOW
    with pytest.raises(NotPossible, match="自分"):
        approve(request, "tanaka", edition)

    approve(request, "suzuki", edition)

    assert now_of(FOREVER) is Mode.ACT
    setting = ModeSetting.objects.get()
    assert (setting.by, setting.declared) == ("tanaka", "shadow")
    assert LedgerEntry.objects.get(content__order="mode").content["approved_by"] == "suzuki"


def test_a_reason_is_shown_on_one_line_and_turns_nothing_around(edition: Edition) -> None:
    request = moved(FOREVER, Mode.ACT, edition, reason="ok\nact: nothing\u202e \x1b[2K　です")

    assert request is not None
    (shown,) = [str(value) for label, value in request.facts_said() if label.code == "modes.fact-reason"]
    assert shown == "ok act: nothing� �[2K です"


def test_what_can_not_be_undone_is_not_approved_in_a_shell(edition: Edition) -> None:
    request = moved(FOREVER, Mode.ACT, edition)
    assert request is not None
    by = Giver(account("suzuki"), ApprovalAnswer.Via.SHELL, "root")

    with pytest.raises(NotPossible):
        answering.approve(AnswerOrder(request.pk, request.digest, by, edition), (EFFECT,), MONDAY)

    assert now_of(FOREVER) is Mode.SHADOW


def test_a_refusal_leaves_it_as_it_was(edition: Edition) -> None:
    request = moved(FOREVER, Mode.ACT, edition)
    assert request is not None

    by = Giver(account("suzuki"))
    answering.refuse(AnswerOrder(request.pk, request.digest, by, edition, "not yet"), (EFFECT,), MONDAY)

    assert now_of(FOREVER) is Mode.SHADOW


def test_a_move_back_takes_back_the_request_and_its_answer_comes_too_late(edition: Edition) -> None:
    request = moved(FOREVER, Mode.ACT, edition)
    assert request is not None
    moved(FOREVER, Mode.ASK, edition)

    with pytest.raises(NotPossible):
        approve(request, "suzuki", edition)

    assert now_of(FOREVER) is Mode.ASK
    request.refresh_from_db()
    assert request.state == RequestState.SUPERSEDED


def test_an_old_approval_is_not_used_twice(edition: Edition) -> None:
    request = moved(FOREVER, Mode.ACT, edition)
    assert request is not None
    approve(request, "suzuki", edition)
    moved(FOREVER, Mode.SHADOW, edition)

    again = moved(FOREVER, Mode.ACT, edition)

    assert again is not None
    assert (again.pk != request.pk, again.state) == (True, RequestState.OPEN)
    assert now_of(FOREVER) is Mode.SHADOW


def test_other_bindings_meanwhile_need_another_request(edition: Edition) -> None:
    request = moved(FOREVER, Mode.ACT, edition)
    assert request is not None
    changed = edition_of(bindings=PAIR + "[system]\nname = '別'\n")

    with pytest.raises(NotPossible):
        approve(request, "suzuki", changed)


def test_what_was_approved_is_not_another_command_later(edition: Edition) -> None:
    request = moved(FOREVER, Mode.ACT, edition)
    assert request is not None
    approve(request, "suzuki", edition)

    assert now_of(FOREVER) is Mode.ACT
    assert now_of(replace(FOREVER, bound="rm -rf /")) is Mode.SHADOW


def test_what_turns_out_not_to_be_undone_was_not_approved(edition: Edition) -> None:
    moved(ACT, Mode.ACT, edition)

    assert now_of(FOREVER) is Mode.SHADOW


@pytest.mark.parametrize(
    ("more", "act", "wanted"),
    [
        ({"reason": " "}, ACT, Mode.ACT),
        ({}, ACT, Mode.SHADOW),
        ({}, replace(ACT, boldest=Mode.ASK), Mode.ACT),
        ({"by": SHELL}, FOREVER, Mode.ACT),
    ],
    ids=["no-reason", "is-so", "bound", "unknown-orderer"],
)
def test_what_is_not_possible_changes_nothing(
    edition: Edition, more: dict[str, Any], act: AutomaticAct, wanted: Mode
) -> None:
    with pytest.raises(NotPossible):
        moved(act, wanted, edition, **more)

    assert not ModeSetting.objects.exists()


def test_viewers_move_nothing(edition: Edition) -> None:
    with pytest.raises(NotPossible):
        moved(ACT, Mode.ACT, edition, by=giver("yamada"))


def test_a_move_does_not_come_back_when_the_bindings_go_back_to_what_they_said_then(edition: Edition) -> None:
    moved(ACT, Mode.ACT, edition)
    forget_overridden([ACT])
    assert now_of(ACT) is Mode.ACT

    # Somebody has it ask by the bindings, and then wants it in shadow again.
    forget_overridden([replace(ACT, declared=Mode.ASK)])

    assert now_of(ACT) is Mode.SHADOW


def test_another_act_of_the_same_name_begins_as_the_bindings_say(edition: Edition) -> None:
    moved(ACT, Mode.ACT, edition)
    careful = replace(ACT, subject="schedule/B002", declared=Mode.ACT)
    moved(careful, Mode.SHADOW, edition)

    forget_overridden([])

    assert (now_of(ACT), now_of(careful)) == (Mode.SHADOW, Mode.SHADOW)


def test_an_old_form_moves_nothing_that_somebody_has_stopped_since(edition: Edition) -> None:
    moved(ACT, Mode.ASK, edition)
    form = shown_of(ACT, settings()[ACT.subject])
    moved(ACT, Mode.SHADOW, edition, by=giver("suzuki"), now=MONDAY + HOUR, reason="it deletes too much")
    moved(ACT, Mode.ASK, edition, now=MONDAY + 2 * HOUR)
    moved(ACT, Mode.SHADOW, edition, by=giver("suzuki"), now=MONDAY + 3 * HOUR, reason="no")

    with pytest.raises(NotPossible, match="表示"):
        moved(ACT, Mode.ACT, edition, shown=form, now=MONDAY + 4 * HOUR)

    assert now_of(ACT) is Mode.SHADOW


def test_an_old_form_moves_nothing_that_does_something_else_by_now(edition: Edition) -> None:
    form = shown_of(ACT, None)

    with pytest.raises(NotPossible, match="表示"):
        moved(replace(ACT, bound="rm -r /"), Mode.ACT, edition, shown=form)

    assert now_of(ACT) is Mode.SHADOW


def test_only_a_node_that_has_the_version_in_force_forgets(edition: Edition) -> None:
    moved(ACT, Mode.ACT, edition)
    behind, newer = edition, edition_of(bindings=PAIR + "# newer\n")
    record_in_force(None, newer, lambda _: {}, MONDAY)

    operation.forget_overridden(behind, MONDAY)
    assert ModeSetting.objects.count() == 1

    operation.forget_overridden(newer, MONDAY)
    assert not ModeSetting.objects.exists()
