"""Sign-offs of tasks, and handing them on."""

import re
from datetime import datetime

import pytest
from tests.integration.engine.tasks.conftest import (
    BINDINGS,
    DAILY,
    DAY,
    DOCUMENT,
    HOUR,
    MONDAY,
    PATCH,
    edition_of,
    order,
    shown,
    task,
    tick,
)
from tests.registered import PARTS

from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.duty import overrides
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.runs import orders as run_orders
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.tasks import orders
from toban.engine.tasks.facts import TaskFact, digest_of_facts
from toban.engine.tasks.lists import listed
from toban.engine.tasks.models import Handover, SignOff
from toban.engine.tasks.orders import hand_on, sign_off
from toban.faces.values.tasks import task_values
from toban.message import Message, plain

pytestmark = pytest.mark.django_db

NINE = MONDAY + HOUR / 2


def sign(edition: Edition, name: str, run: Run, now: datetime, remark: str = "", **more: bool) -> SignOff:
    return sign_off(order(edition, name, run), remark, shown=shown(edition, run, now), now=now, **more)


def refusal(edition: Edition, name: str, run: Run, now: datetime) -> str:
    with pytest.raises(NotPossible) as refused:
        sign_off(order(edition, name, run), "", shown="", now=now)
    return refused.value.said.code


@pytest.fixture
def nine(edition: Edition) -> Edition:
    tick(edition, NINE)
    return edition


def in_turn(edition: Edition, now: datetime = NINE) -> tuple[str, str]:
    """Return the account in whose turn it is, and the other one."""
    from toban.engine.approvals.holders import accounts_holding  # noqa: PLC0415

    (mine,) = accounts_holding(edition, "開発担当者", now)
    return mine.username, next(each for each in ("tanaka", "suzuki") if each != mine.username)


def appoint(edition: Edition, deputy: str, *, by: str) -> None:
    overrides.override(
        "開発担当者", deputy, "休暇", starts_at=NINE, ends_at=NINE + DAY, by=by, now=NINE,
        design=edition.design, bindings=edition.bindings,
    )  # fmt: skip


def test_whoever_is_in_turn_signs_off_and_the_ledger_says_what_was_shown(nine: Edition) -> None:
    mine, other = in_turn(nine)

    assert refusal(nine, other, task(), NINE) == "tasks.not-your-role"
    signed = sign(nine, mine, task(), NINE)

    run = task()
    assert (run.state, run.reason) == (Run.State.DONE, RunReason.SIGNED_OFF)
    assert (signed.username, signed.is_performed, signed.at) == (mine, True, NINE)
    (entry,) = LedgerEntry.objects.filter(kind="audit")
    assert entry.actor == mine
    assert entry.clause_id == DAILY
    assert (entry.content["order"], entry.content["run"]) == ("sign-off-task", run.pk)
    assert entry.content["shown"] == [fact.as_json() for fact in signed.facts_shown()] != []
    assert LedgerEntry.objects.filter(kind="verdict", content__run=run.pk).count() == 1


def test_a_role_that_passed_on_between_looking_and_signing_is_gone(nine: Edition) -> None:
    mine, other = in_turn(nine)
    digest = shown(nine, task(), NINE)
    appoint(nine, {"tanaka": "田中", "suzuki": "鈴木"}[other], by="sato")

    with pytest.raises(NotPossible):
        sign_off(order(nine, mine, task()), "", shown=digest, now=NINE)
    assert sign(nine, other, task(), NINE).username == other


def test_a_task_is_signed_off_once(nine: Edition) -> None:
    mine, _ = in_turn(nine)
    sign(nine, mine, task(), NINE)

    assert refusal(nine, mine, task(), NINE) == "tasks.is-over"


def test_what_was_not_shown_is_not_signed(nine: Edition) -> None:
    mine, _ = in_turn(nine)

    assert refusal(nine, mine, task(), NINE) == "tasks.not-what-was-shown"


def test_what_somebody_has_to_decide_on_first_is_not_signed_as_performed(
    nine: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, _ = in_turn(nine)
    open_fact = TaskFact(plain("db: root"), plain("privileged"), is_exception=True, is_undecided=True)
    monkeypatch.setattr(orders, "facts_of", lambda *_: (open_fact,))
    digest = digest_of_facts(task().pk, (open_fact,))

    with pytest.raises(NotPossible) as refused:
        sign_off(order(nine, mine, task()), "looked at", shown=digest, now=NINE)

    assert refused.value.said.code == "tasks.undecided"
    sign_off(order(nine, mine, task()), "no time", shown=digest, now=NINE, is_performed=False)


def test_an_account_that_was_deactivated_since_signs_nothing(nine: Edition) -> None:
    mine, _ = in_turn(nine)
    given, digest = order(nine, mine, task()), shown(nine, task(), NINE)
    Operator.objects.filter(username=mine).update(is_active=False)

    with pytest.raises(NotPossible):
        sign_off(given, "", shown=digest, now=NINE)


def test_a_daily_task_that_nobody_signed_is_not_performed_and_can_not_be_signed_later(nine: Edition) -> None:
    mine, _ = in_turn(nine)

    tick(nine, NINE + 9 * HOUR)

    run = task()
    assert (run.state, run.reason) == (Run.State.MISSED, RunReason.UNSIGNED)
    assert refusal(nine, mine, run, NINE + 10 * HOUR) == "tasks.is-over"


def test_a_daily_task_is_not_signed_after_its_window_though_no_worker_has_ended_it(nine: Edition) -> None:
    mine, _ = in_turn(nine)
    end = task().due_until
    assert end is not None

    assert refusal(nine, mine, task(), end) == "tasks.window-is-over"
    assert sign(nine, mine, task(), end - HOUR / 3600).is_performed


def test_a_monthly_task_stays_owed_and_its_sign_off_is_late_for_ever(nine: Edition) -> None:
    tick(nine, NINE + 3 * DAY)
    assert task(PATCH).state == Run.State.WAITING

    sign(nine, "sato", task(PATCH), NINE + 3 * DAY)

    run = task(PATCH)
    assert (run.state, run.reason) == (Run.State.DONE, RunReason.SIGNED_OFF_LATE)
    assert run.note.code == "tasks.signed-late-by"
    assert run.ended_at == NINE + 3 * DAY


def test_a_task_that_is_declined_is_not_performed_and_says_why(nine: Edition) -> None:
    with pytest.raises(NotPossible) as refused:
        sign(nine, "sato", task(PATCH), NINE, is_performed=False)
    assert refused.value.said.code == "tasks.say-why-not"

    sign(nine, "sato", task(PATCH), NINE, "凍結期間のため", is_performed=False)

    assert (task(PATCH).state, task(PATCH).reason) == (Run.State.MISSED, RunReason.NOT_PERFORMED)


def test_a_task_is_handed_on_and_taken_back(nine: Edition) -> None:
    mine, other = in_turn(nine)
    with pytest.raises(NotPossible):
        hand_on(order(nine, other, task()), "運用責任者", "代わりに", now=NINE)

    hand_on(order(nine, mine, task()), "運用責任者", "外出のため", now=NINE)

    assert refusal(nine, mine, task(), NINE) == "tasks.is-handed-on"
    person = {"tanaka": "田中", "suzuki": "鈴木"}[mine]
    hand_on(order(nine, mine, task()), person, "戻った", now=NINE)
    assert refusal(nine, "sato", task(), NINE) == "tasks.is-handed-on"
    assert sign(nine, mine, task(), NINE).person == person
    assert Handover.objects.count() == 2
    orders = [each.content["order"] for each in LedgerEntry.objects.filter(kind="audit").order_by("sequence")]
    assert orders == ["hand-on-task", "hand-on-task", "sign-off-task"]


def test_a_task_handed_on_to_an_account_that_is_gone_is_the_roles_again(nine: Edition) -> None:
    mine, _ = in_turn(nine)
    hand_on(order(nine, mine, task()), "運用責任者", "外出のため", now=NINE)
    Operator.objects.filter(username="sato").update(is_active=False)

    assert sign(nine, mine, task(), NINE).username == mine


def test_a_task_handed_on_to_somebody_who_has_left_people_is_the_roles_again_and_says_so(
    nine: Edition,
) -> None:
    mine, _ = in_turn(nine)
    hand_on(order(nine, mine, task()), "運用責任者", "外出のため", now=NINE)
    without = BINDINGS.replace('[people."運用責任者"]\nname = "佐藤"\naccount = "sato"', "")
    left = edition_of(DOCUMENT, without)

    assert refusal(left, "sato", task(), NINE) == "tasks.not-your-role"
    (seen,) = [each for each in listed(left, PARTS, NINE) if each.run.pk == task().pk]
    assert task_values(seen)["handed_on_to"] is None
    assert (
        str(seen.people.why_lapsed)
        == "運用責任者 に引き継ぎましたが、その人はもう署名できません。役割に戻りました"
    )
    assert sign(left, mine, task(), NINE).username == mine


@pytest.mark.parametrize("change", [{"is_active": False}, {"lockouts": 1}])
def test_a_task_handed_on_by_an_account_that_was_locked_out_since_is_the_roles_again(
    nine: Edition, change: dict[str, object]
) -> None:
    mine, other = in_turn(nine)
    hand_on(order(nine, mine, task()), "運用責任者", "外出のため", now=NINE)
    Operator.objects.filter(username=mine).update(**change)

    # Without an account, nobody holds the role.
    refused = "tasks.not-your-role" if "lockouts" in change else "tasks.nobody-holds"
    assert refusal(nine, "sato", task(), NINE) == refused
    (seen,) = [each for each in listed(nine, PARTS, NINE) if each.run.pk == task().pk]
    assert "のアカウントが停止されたか" in str(seen.people.why_lapsed)
    appoint(nine, {"tanaka": "田中", "suzuki": "鈴木"}[other], by="sato")
    assert sign(nine, other, task(), NINE).username == other


@pytest.mark.parametrize("change", [{"is_active": False}, {"lockouts": 1}])
def test_a_task_that_a_deputy_handed_on_is_the_roles_again_if_who_made_them_one_was_locked_out(
    nine: Edition, change: dict[str, object]
) -> None:
    mine, other = in_turn(nine)
    Operator.objects.create_user("boss")
    appoint(nine, "運用責任者", by="boss")
    name = {"tanaka": "田中", "suzuki": "鈴木"}[other]
    hand_on(order(nine, "sato", task()), name, "外出のため", now=NINE)
    hand_on(order(nine, other, task()), "運用責任者", "やはり", now=NINE)

    Operator.objects.filter(username="boss").update(**change)

    assert refusal(nine, "sato", task(), NINE) == "tasks.not-your-role"
    (seen,) = [each for each in listed(nine, PARTS, NINE) if each.run.pk == task().pk]
    assert "代理にした人" in str(seen.people.why_lapsed)
    assert sign(nine, mine, task(), NINE).username == mine


def test_a_task_handed_on_stays_with_a_person_and_not_with_an_account(nine: Edition) -> None:
    mine, other = in_turn(nine)
    hand_on(order(nine, mine, task()), "運用責任者", "外出のため", now=NINE)
    passed = edition_of(DOCUMENT, BINDINGS.replace('"sato"', f'"{other}"'))

    assert refusal(passed, "sato", task(), NINE) == "tasks.not-your-role"
    assert refusal(passed, other, task(), NINE) == "tasks.not-your-role"


def test_a_deputy_of_their_own_making_neither_signs_off_nor_hands_on(nine: Edition) -> None:
    _mine, other = in_turn(nine)
    person = {"tanaka": "田中", "suzuki": "鈴木"}[other]
    appoint(nine, person, by=other)

    assert refusal(nine, other, task(), NINE) == "tasks.appointed-themselves"
    with pytest.raises(NotPossible):
        hand_on(order(nine, other, task()), "運用責任者", "外出のため", now=NINE)
    (seen,) = [each for each in listed(nine, PARTS, NINE) if each.run.pk == task().pk]
    assert seen.people.able == ()
    assert seen.people.why_nobody.code == "tasks.appointed-themselves"


def test_a_second_account_of_the_same_human_is_a_deputy_of_their_own_making(nine: Edition) -> None:
    _mine, other = in_turn(nine)
    Operator.objects.create_user("second", f"{other}@example.com")
    appoint(nine, {"tanaka": "田中", "suzuki": "鈴木"}[other], by="second")

    assert refusal(nine, other, task(), NINE) == "tasks.appointed-themselves"


def test_a_task_is_handed_on_only_to_people_with_an_account_and_with_a_reason(nine: Edition) -> None:
    mine, _ = in_turn(nine)

    for person, reason in (("運用責任者", " "), ("誰か", "外出")):
        with pytest.raises(NotPossible):
            hand_on(order(nine, mine, task()), person, reason, now=NINE)


def test_runs_can_not_be_ordered_cancelled_or_skipped_around_a_sign_off(nine: Edition) -> None:
    said = re.escape(str(Message("runs.is-a-task", key=DAILY)))

    with pytest.raises(NotPossible, match=said):
        run_orders.order(DAILY, {}, by="sato", now=NINE)
    with pytest.raises(NotPossible, match=said):
        run_orders.cancel(DAILY, by="sato", now=NINE)
    with pytest.raises(NotPossible, match=said):
        run_orders.skip(DAILY, "不要", by="sato", now=NINE)


def test_an_ordinary_run_is_no_task(nine: Edition) -> None:
    run = Run.objects.create(
        work="B001", due_at=NINE, clause_id="x", document_digest="", ordered_by="schedule",
        reason=RunReason.ON_TIME, wake_at=NINE,
    )  # fmt: skip

    assert refusal(nine, "sato", run, NINE) == "tasks.no-such-task"


def test_a_task_of_a_row_that_is_gone_is_withdrawn(nine: Edition) -> None:
    without = edition_of(DOCUMENT[: DOCUMENT.index("## 8.")])

    tick(without, NINE + HOUR)

    assert {(run.state, run.reason) for run in Run.objects.all()} == {
        (Run.State.CANCELLED, RunReason.WITHDRAWN)
    }


def test_four_weeks_of_ticks_at_odd_hours_loses_and_doubles_nothing(edition: Edition) -> None:
    now = MONDAY
    while now < MONDAY + 28 * DAY:
        now += 7 * HOUR
        tick(edition, now)

    due = list(Run.objects.filter(work=DAILY).order_by("due_at").values_list("due_at", flat=True))
    # Four weeks with one public holiday.
    assert len(due) == len(set(due)) == 19
    assert {each.astimezone(MONDAY.tzinfo).hour for each in due} == {9}
