"""Two people exchange one task each: both agree, also on what is not due yet."""

from datetime import datetime

import pytest
from tests.integration.engine.tasks.conftest import (
    BINDINGS,
    DAILY,
    DAY,
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

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.holders import accounts_holding
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.duty import overrides
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.tasks.models import Swap
from toban.engine.tasks.orders import hand_on, sign_off
from toban.engine.tasks.swaps.occurrences import TaskOccurrence, upcoming
from toban.engine.tasks.swaps.orders import SwapOrder, agree, ask, asked_of, refuse, withdraw

pytestmark = pytest.mark.django_db

NINE = MONDAY + HOUR / 2
NEXT = NINE + DAY


@pytest.fixture
def nine(edition: Edition) -> Edition:
    tick(edition, NINE)
    return edition


def developer(edition: Edition, now: datetime = NINE) -> str:
    return accounts_holding(edition, "開発担当者", now)[0].username


def by(edition: Edition, name: str) -> SwapOrder:
    account = Operator.objects.get(username=name)
    return SwapOrder(Giver(account, ApprovalAnswer.Via.PAGE), edition, PARTS)


def one(edition: Edition, work: str, due_at: datetime, name: str, now: datetime = NINE) -> TaskOccurrence:
    (found,) = [
        each
        for each in upcoming(edition, PARTS, now)
        if (each.work, each.due_at, each.account.username) == (work, due_at, name)
    ]
    return found


def asked(edition: Edition, due_at: datetime = NEXT) -> Swap:
    """The week's developer asks the manager to look at the dashboard, and patches for it."""
    name = developer(edition)
    mine, theirs = one(edition, DAILY, due_at, name), one(edition, PATCH, task(PATCH).due_at, "sato")
    return ask(by(edition, name), mine.code, theirs.code, "休暇のため", NINE)


def test_what_can_be_swapped_is_open_or_due_within_a_month(nine: Edition) -> None:
    found = upcoming(nine, PARTS, NINE)

    assert {each.due_at for each in found} >= {NINE, NEXT, NINE + 28 * DAY}
    assert max(each.due_at for each in found) < NINE + 31 * DAY
    assert {each.account.username for each in found if each.work == PATCH} == {"sato"}
    assert len({each.code for each in found}) == len(found)


def test_each_task_is_the_others_once_both_agree(nine: Edition) -> None:
    name, swap = developer(nine), asked(nine)
    patch = task(PATCH)
    with pytest.raises(NotPossible):
        sign_off(order(nine, name, patch), "", shown=shown(nine, patch, NINE), now=NINE)

    agree(by(nine, "sato"), swap.pk, NINE)

    tick(nine, NEXT)
    daily = task(DAILY)
    assert daily.due_at == NEXT
    with pytest.raises(NotPossible, match="別の人に引き継がれています"):
        sign_off(order(nine, name, daily), "", shown=shown(nine, daily, NEXT), now=NEXT)
    signed = sign_off(order(nine, "sato", daily), "", shown=shown(nine, daily, NEXT), now=NEXT)
    theirs = sign_off(order(nine, name, patch), "", shown=shown(nine, patch, NEXT), now=NEXT)
    assert (signed.person, theirs.username) == ("運用責任者", name)


def test_only_that_one_task_is_swapped(nine: Edition) -> None:
    agree(by(nine, "sato"), asked(nine).pk, NINE)
    tick(nine, NEXT + DAY)
    daily = task(DAILY)

    with pytest.raises(NotPossible, match="あなたは今、その役割を担っていません"):
        sign_off(order(nine, "sato", daily), "", shown=shown(nine, daily, NEXT + DAY), now=NEXT + DAY)


def test_nobody_agrees_for_another(nine: Edition) -> None:
    swap = asked(nine)

    for name in (developer(nine), "tanaka", "suzuki"):
        for act in (agree, refuse):
            with pytest.raises(NotPossible, match="返事を待っている"):
                act(by(nine, name), swap.pk, NINE)
    with pytest.raises(NotPossible):
        withdraw(by(nine, "sato"), swap.pk, NINE)
    Operator.objects.filter(username="sato").update(is_active=False)
    with pytest.raises(NotPossible, match="有効なアカウントだけ"):
        agree(by(nine, "sato"), swap.pk, NINE)

    assert Swap.objects.get().state == Swap.State.ASKED


def test_nobody_gives_away_anothers_task_or_swaps_with_themselves(nine: Edition) -> None:
    name = developer(nine)
    mine, later = one(nine, DAILY, NEXT, name), one(nine, DAILY, NEXT + DAY, name)
    theirs = one(nine, PATCH, task(PATCH).due_at, "sato")

    with pytest.raises(NotPossible, match="あなたの作業ではない"):
        ask(by(nine, "sato"), mine.code, theirs.code, "休暇", NINE)
    with pytest.raises(NotPossible, match="ほかの人の作業ではない"):
        ask(by(nine, name), mine.code, later.code, "休暇", NINE)
    with pytest.raises(NotPossible, match="理由がありません"):
        ask(by(nine, name), mine.code, theirs.code, " ", NINE)
    with pytest.raises(NotPossible):
        ask(by(nine, name), "x", "", "休暇", NINE)
    assert not Swap.objects.exists()


def test_a_swap_of_what_is_over_or_anothers_since_is_agreed_to_by_nobody(nine: Edition) -> None:
    swap, patch = asked(nine), task(PATCH)
    hand_on(order(nine, "sato", patch), "田中", "外出", now=NINE)

    with pytest.raises(NotPossible, match="別の人のものになりました"):
        agree(by(nine, "sato"), swap.pk, NINE)

    refuse(by(nine, "sato"), swap.pk, NINE)
    with pytest.raises(NotPossible, match="返事を待っている"):
        agree(by(nine, "sato"), swap.pk, NINE)


def test_of_two_swaps_of_one_task_only_one_is_agreed_to(nine: Edition) -> None:
    first = asked(nine)
    with pytest.raises(NotPossible, match="同じ人にもう頼んであります"):
        asked(nine)
    second = asked(nine, NEXT + DAY)

    agree(by(nine, "sato"), first.pk, NINE)

    with pytest.raises(NotPossible, match="別の人のものになりました"):
        agree(by(nine, "sato"), second.pk, NINE)


def test_a_swap_is_audited_and_told_to_the_other_alone(nine: Edition) -> None:
    swap = asked(nine)
    assert [each.pk for each in asked_of(Operator.objects.get(username="sato"))] == [swap.pk]
    agree(by(nine, "sato"), swap.pk, NINE)

    entries = list(LedgerEntry.objects.filter(kind="audit").order_by("pk"))
    told = {each.key: tuple(each.people) for each in Alert.objects.filter(key__startswith="tasks/swap/")}
    assert [(each.actor, each.content["order"]) for each in entries] == [
        (developer(nine), "ask-swap"),
        ("sato", "agree-to-swap"),
    ]
    assert [leg["to"] for leg in entries[1].content["legs"]] == ["運用責任者", swap.asker_person]
    assert told == {
        f"tasks/swap/{swap.pk}/asked": ("運用責任者",),
        f"tasks/swap/{swap.pk}/agreed": (swap.asker_person,),
    }


def test_a_swap_ends_with_a_lock_out_of_whoever_gave_the_task_away(nine: Edition) -> None:
    name, patch = developer(nine), task(PATCH)
    agree(by(nine, "sato"), asked(nine).pk, NINE)
    Operator.objects.filter(username="sato").update(lockouts=1)

    with pytest.raises(NotPossible, match="あなたは今、その役割を担っていません"):
        sign_off(order(nine, name, patch), "", shown=shown(nine, patch, NINE), now=NINE)


def test_a_swap_of_a_deputy_ends_with_a_lock_out_of_whoever_made_them_one(nine: Edition) -> None:
    Operator.objects.create_user("boss")
    person = {"tanaka": "田中", "suzuki": "鈴木"}[developer(nine, NINE + 7 * DAY)]
    overrides.override(
        "運用責任者", person, "休暇", starts_at=NINE, ends_at=NINE + DAY, by="boss", now=NINE,
        design=nine.design, bindings=nine.bindings,
    )  # fmt: skip
    name, deputy = developer(nine), developer(nine, NINE + 7 * DAY)
    mine = one(nine, DAILY, NEXT, name)
    theirs = one(nine, PATCH, task(PATCH).due_at, deputy)
    swap = ask(by(nine, name), mine.code, theirs.code, "休暇のため", NINE)
    agree(by(nine, deputy), swap.pk, NINE)
    patch = task(PATCH)

    Operator.objects.filter(username="boss").update(lockouts=1)

    with pytest.raises(NotPossible, match="あなたは今、その役割を担っていません"):
        sign_off(order(nine, name, patch), "", shown=shown(nine, patch, NINE), now=NINE)


def test_a_swap_of_a_deputy_ends_if_they_are_relieved_before_the_task_is_due(nine: Edition) -> None:
    Operator.objects.create_user("boss")
    others = {"tanaka": "田中", "suzuki": "鈴木"}
    deputy = developer(nine, NINE + 7 * DAY)
    made = overrides.override(
        "開発担当者", others[deputy], "休暇", starts_at=NINE + HOUR, ends_at=NEXT + HOUR, by="boss", now=NINE,
        design=nine.design, bindings=nine.bindings,
    )  # fmt: skip
    mine, theirs = one(nine, DAILY, NEXT, deputy), one(nine, PATCH, task(PATCH).due_at, "sato")
    agree(by(nine, "sato"), ask(by(nine, deputy), mine.code, theirs.code, "休暇のため", NINE).pk, NINE)
    assert one(nine, DAILY, NEXT, "sato")

    overrides.end_override(made.pk, by="boss", now=NINE + 2 * HOUR)

    # It would never have been theirs to give.
    holder = developer(nine, NEXT)
    assert one(nine, DAILY, NEXT, holder, NINE + 2 * HOUR)
    tick(nine, NEXT)
    daily = task(DAILY)
    with pytest.raises(NotPossible, match="あなたは今、その役割を担っていません"):
        sign_off(order(nine, "sato", daily), "", shown=shown(nine, daily, NEXT), now=NEXT)
    sign_off(order(nine, holder, daily), "", shown=shown(nine, daily, NEXT), now=NEXT)


def test_what_was_swapped_by_an_account_that_was_locked_out_is_swapped_by_nobody_again(
    nine: Edition,
) -> None:
    swap = asked(nine)
    agree(by(nine, "sato"), swap.pk, NINE)
    assert one(nine, DAILY, NEXT, "sato")

    Operator.objects.filter(username=developer(nine)).update(lockouts=1)

    assert not [
        each
        for each in upcoming(nine, PARTS, NINE)
        if (each.work, each.due_at, each.account.username) == (DAILY, NEXT, "sato")
    ]


def test_nobody_agrees_to_what_an_account_asked_that_was_locked_out_since(nine: Edition) -> None:
    swap = asked(nine)
    Operator.objects.filter(username=developer(nine)).update(lockouts=1)

    with pytest.raises(NotPossible):
        agree(by(nine, "sato"), swap.pk, NINE)


def test_whoever_left_since_has_it_no_longer(nine: Edition) -> None:
    agree(by(nine, "sato"), asked(nine).pk, NINE)
    gone = edition_of(bindings=BINDINGS.replace('account = "sato"', 'account = "nobody"'))
    tick(gone, NEXT)
    daily, name = task(DAILY), developer(gone, NEXT)

    sign_off(order(gone, name, daily), "", shown=shown(gone, daily, NEXT), now=NEXT)
