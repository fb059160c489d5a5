"""What Toban locks by itself: only what is to go at that moment, whoever had it run."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.accounts.place import BINDINGS, Place

from toban.chapters.accounts import removing
from toban.chapters.accounts.leaving import Teller, withdraw
from toban.chapters.accounts.models import Leaver
from toban.chapters.accounts.plan import AccountSystem
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.rules import RequestState
from toban.engine.evidence.models import LedgerEntry
from toban.engine.modes.rules import Mode
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.engine.runs.scheduler import plan_due

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
