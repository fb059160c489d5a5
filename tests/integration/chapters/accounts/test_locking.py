"""What Toban locks by itself: only what is to go at that moment, whoever had it run."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.accounts.place import BINDINGS, DAY, Place
from tests.registered import PARTS

from toban.chapters.accounts import removing
from toban.chapters.accounts.leaving import Teller, claim, withdraw
from toban.chapters.accounts.models import AccessRemoval, Leaver
from toban.chapters.accounts.plan import AccountSystem
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.rules import RequestState
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.rules import Mode
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.engine.runs.scheduler import plan_due
from toban.engine.tasks.lists import facts_of

pytestmark = pytest.mark.django_db
LOCK = "lock-account/vpn"
EVENING = timedelta(hours=10)


class Locks:
    """What was locked."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def lock(self, name: str) -> None:
        self.names.append(name)


@pytest.fixture
def locks(monkeypatch: pytest.MonkeyPatch) -> Locks:
    found = Locks()

    def locking(system: AccountSystem) -> Locks | None:
        return found if system.name == "vpn" else None

    monkeypatch.setattr(AccountSystem, "locking", locking)
    return found


def place_in(folder: Path, mode: Mode) -> Place:
    bindings = BINDINGS.replace("[accounts.vpn]", f'[accounts.vpn]\nmode = "{mode}"')
    found = Place(folder, bindings=bindings)
    found.leave()
    found.look()
    return found


def stay(place: Place) -> None:
    by = Teller("uehara", Leaver.ToldBy.PAGE, place.manager)
    withdraw("田中太郎", by, place.edition, place.plan, place.now)


def test_an_account_of_a_leaver_is_locked_in_the_evening(tmp_path: Path, locks: Locks) -> None:
    place = place_in(tmp_path, Mode.ACT)

    place.look(EVENING)

    assert locks.names[:1] == ["tanaka"]


def test_who_stays_after_all_is_not_locked_by_a_run_that_had_begun_to_wait(
    tmp_path: Path, locks: Locks
) -> None:
    place = place_in(tmp_path, Mode.ACT)
    place.now += EVENING
    place.collect()
    removing.settle(place.plan, place.now)
    assert Run.objects.get(work=LOCK).state == Run.State.WAITING

    stay(place)
    place.work()

    assert locks.names == []
    assert not LedgerEntry.objects.filter(content__event="account-locked").exists()
    assert "削除の対象ではなくなりました" in str(Run.objects.get(work=LOCK).note)


def test_nobody_is_asked_to_approve_a_lock_that_is_not_wanted_any_more(tmp_path: Path, locks: Locks) -> None:
    place = place_in(tmp_path, Mode.ASK)
    place.look(EVENING)
    assert ApprovalRequest.objects.get().state == RequestState.OPEN

    stay(place)
    place.look(timedelta(minutes=1))

    assert Run.objects.get(work=LOCK).state == Run.State.CANCELLED
    assert ApprovalRequest.objects.get().state == RequestState.SUPERSEDED


def test_nobody_has_an_account_locked_that_is_not_to_go(tmp_path: Path, locks: Locks) -> None:
    place = place_in(tmp_path, Mode.ACT)
    plan_due(place.works.values(), place.now)

    orders.order(LOCK, {"account": "uehara"}, by="uehara", now=place.now, account=place.manager)
    place.work()

    assert locks.names == []


def test_who_has_refused_is_not_asked_again_every_ten_minutes(tmp_path: Path, locks: Locks) -> None:
    place = place_in(tmp_path, Mode.ASK)
    place.look(EVENING)
    orders.cancel(LOCK, by="uehara", now=place.now)

    place.look(timedelta(minutes=11))
    assert Run.objects.filter(work=LOCK).count() == 1

    place.look(timedelta(days=1))
    assert Run.objects.filter(work=LOCK).count() == 2


@pytest.mark.parametrize("mode", [Mode.ACT, Mode.ASK])
def test_a_lock_that_waits_for_an_answer_holds_up_no_other(tmp_path: Path, locks: Locks, mode: Mode) -> None:
    place = place_in(tmp_path, Mode.ASK)
    place.leave("鈴木", "suzuki")
    place.write("vpn", "tanaka,,,,true,", "suzuki,,,,true,", "uehara,,yes,,true,")
    place.look(EVENING)
    assert {each.parameters["account"] for each in Run.objects.filter(work=LOCK)} == {"tanaka", "suzuki"}
    assert ApprovalRequest.objects.filter(state=RequestState.OPEN).count() == 2

    place.leave("佐藤", "sato")
    place.write("vpn", "tanaka,,,,true,", "suzuki,,,,true,", "sato,,,,true,", "uehara,,yes,,true,")
    place.take(place.bindings.replace('mode = "ask"', f'mode = "{mode}"'))
    place.look(timedelta(minutes=11))

    assert Run.objects.filter(work=LOCK, parameters={"account": "sato"}).exists()
    assert ("sato" in locks.names) == (mode is Mode.ACT)


def say(place: Place, account: str, *, is_theirs: bool) -> None:
    claim(
        "田中太郎",
        "vpn",
        account,
        is_theirs=is_theirs,
        by=Teller("uehara", Leaver.ToldBy.PAGE, place.manager),
        edition=place.edition,
        plan=place.plan,
        now=place.now,
    )


@pytest.fixture
def alike(tmp_path: Path, locks: Locks) -> Place:
    """Somebody leaves who is told of by a name alone, which an account's label has, too."""
    place = Place(tmp_path, bindings=BINDINGS.replace("[accounts.vpn]", '[accounts.vpn]\nmode = "act"'))
    place.write("vpn", "t-1,田中太郎,,,true,", "uehara,,yes,,true,")
    place.write("shop", "x9,,,,,")
    place.leave("田中太郎", "t.tanaka@example.com")
    place.look(EVENING)
    return place


def test_an_account_that_is_only_called_alike_is_asked_for_and_not_locked(alike: Place, locks: Locks) -> None:
    assert ("remove-account/vpn", "t-1") in alike.tasks()
    assert not Run.objects.filter(work=LOCK).exists()
    orders.order(LOCK, {"account": "t-1"}, by="uehara", now=alike.now, account=alike.manager)

    alike.look(DAY / 4)
    assert alike.verdict() is Verdict.NOT_MEASURABLE
    assert alike.said().startswith("田中太郎 と名前が同じだけのアカウントが 1 件残っています")
    assert locks.names == []


def test_an_account_that_somebody_says_is_theirs_is_locked(alike: Place, locks: Locks) -> None:
    say(alike, "t-1", is_theirs=True)

    alike.look(timedelta(minutes=1))

    assert locks.names == ["t-1"] * len(locks.names)
    assert locks.names
    assert LedgerEntry.objects.get(content__order="leaver-account-claimed").content["is_theirs"] is True
    alike.now += DAY / 4
    alike.write("vpn", "t-1,田中太郎,,,true,", "uehara,,yes,,true,")
    alike.look()
    assert alike.verdict() is Verdict.NOT_PERFORMED


def test_what_is_anothers_is_let_alone_and_asked_no_more(alike: Place, locks: Locks) -> None:
    say(alike, "t-1", is_theirs=False)

    alike.look(DAY / 4)

    assert (alike.tasks(), locks.names) == ([], [])
    assert AccessRemoval.objects.count() == 1
    assert alike.verdict() is Verdict.NOT_MEASURABLE, "no account of theirs was ever seen"
    with pytest.raises(NotPossible, match="問われていません"):
        say(alike, "t-1", is_theirs=True)


def test_what_is_declared_later_is_locked(alike: Place, locks: Locks) -> None:
    say(alike, "t-1", is_theirs=False)
    alike.leave("田中太郎", "t-1")

    alike.look(timedelta(minutes=1))

    assert locks.names[:1] == ["t-1"]


def test_nobody_says_of_an_account_of_their_own_that_it_is_anothers(alike: Place) -> None:
    alike.manager.email = "t.tanaka@example.com"
    alike.manager.save()

    with pytest.raises(NotPossible, match="自分の"):
        say(alike, "t-1", is_theirs=False)


def test_of_two_who_may_have_an_account_each_is_asked(alike: Place, locks: Locks) -> None:
    alike.leave("田中次郎", "t-1")

    alike.look(timedelta(minutes=1))

    found = AccessRemoval.objects.filter(account="t-1").order_by("pk")
    assert [(each.whose, each.is_sure) for each in found] == [("田中太郎", False), ("田中次郎", False)]
    assert locks.names == [], "the label is that of another"


def of_the_manager(folder: Path, *vpn: str) -> Place:
    """The only manager leaves, and both systems may lock them."""
    own = '\n[accounts.Toban]\nkind = "toban"\nmode = "act"\n'
    bindings = BINDINGS.replace("[accounts.vpn]", '[accounts.vpn]\nmode = "act"') + own
    place = Place(folder, bindings=bindings)
    place.write("vpn", "uehara,,yes,,true,", "monitor-1,,yes,,,", *vpn)
    place.leave("運用責任者")
    return place


@pytest.mark.parametrize("second", [False, True])
def test_the_last_manager_of_toban_is_asked_for_and_not_locked(tmp_path: Path, second: bool) -> None:
    place = of_the_manager(tmp_path)
    if second:
        Operator.objects.create(username="kanri", operator_role=OperatorRole.MANAGER)

    place.look(EVENING)

    place.manager.refresh_from_db()
    assert place.manager.is_active is not second
    assert (("remove-account/Toban", "uehara") in place.tasks()) is not second


def test_the_last_manager_is_not_locked_by_an_order_either(tmp_path: Path) -> None:
    place = of_the_manager(tmp_path)
    place.look(EVENING)
    orders.order(
        "lock-account/Toban", {"account": "uehara"}, by="uehara", now=place.now, account=place.manager
    )

    place.look(timedelta(minutes=1))

    place.manager.refresh_from_db()
    assert place.manager.is_active
    assert "最後の特権のアカウント" in str(Run.objects.get(work="lock-account/Toban").note)


@pytest.mark.parametrize(
    ("others", "locked"),
    [
        ((), []),
        (("suzuki,,yes,yes,true,",), []),
        (("suzuki,,yes,,true,",), ["uehara"]),
        (("suzuki,,,,true,",), []),
    ],
)
def test_the_last_account_with_privileges_is_not_locked(
    tmp_path: Path, locks: Locks, others: tuple[str, ...], locked: list[str]
) -> None:
    place = of_the_manager(tmp_path, *others)

    place.look(EVENING)

    assert locks.names[:1] == locked
    run = Run.objects.get(work="remove-account/vpn")
    said = [str(fact.value) for fact in facts_of(run, place.edition, PARTS, place.now)]
    assert any("最後の特権のアカウント" in each for each in said) is not bool(locked)


def test_of_the_last_two_who_leave_none_is_locked(tmp_path: Path, locks: Locks) -> None:
    place = of_the_manager(tmp_path, "suzuki,,yes,,true,")
    place.leave("鈴木", "suzuki")

    place.look(EVENING)

    assert locks.names == []
    assert [account for work, account in place.tasks() if work == "remove-account/vpn"] == [
        "suzuki",
        "uehara",
    ]


def test_who_has_become_the_last_since_a_lock_was_ordered_is_not_locked(tmp_path: Path, locks: Locks) -> None:
    place = of_the_manager(tmp_path, "suzuki,,yes,,true,")
    place.now += EVENING
    place.collect()
    removing.settle(place.plan, place.now)
    assert Run.objects.get(work=LOCK).state == Run.State.WAITING

    place.write("vpn", "uehara,,yes,,true,")
    place.now += timedelta(minutes=10)
    place.collect()
    place.work()

    assert locks.names == []
    assert "最後の特権のアカウント" in str(Run.objects.get(work=LOCK).note)
