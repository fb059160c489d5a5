"""The verdict on leavers by those who left last, and of whom nothing is known."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.accounts.place import BINDINGS, DAY, MINUTE, Place

from toban.chapters.accounts.leaving import Teller, read_leavers, withdraw
from toban.chapters.accounts.models import Leaver
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_of_two_who_leave_on_one_day_both_count(place: Place) -> None:
    place.write("vpn", "suzuki,,,,true,", "tanaka,,,,true,")
    place.leave()
    place.leave("鈴木", "suzuki")
    place.look()
    place.write("vpn", "suzuki,,,,true,")
    place.write("shop", "x9,,,,,")
    place.look(timedelta(hours=1))
    place.now += 15 * timedelta(hours=1)
    place.write("vpn", "suzuki,,,,true,")
    place.look()
    place.write("vpn", "uehara,,yes,,true,")
    place.write("shop", "x9,,,,,")

    place.look(10 * MINUTE)

    assert place.verdict() is Verdict.DEVIATING
    assert place.said().startswith("鈴木")


def test_of_whom_no_system_shows_an_account_nothing_is_known(place: Place) -> None:
    place.leave("田仲", "tanakaa")
    place.look()
    place.look(DAY)
    place.write("vpn", "tanaka,,,,true,")
    place.write("shop", "x9,,,,,")

    place.look(10 * MINUTE)

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert place.said().startswith("田仲 のアカウントを示したシステムがありません")


def test_who_was_locked_before_anybody_told_of_it_is_known(place: Place) -> None:
    place.write("vpn", "suzuki,,,yes,true,")
    place.leave("鈴木", "suzuki")
    place.look()
    place.look(DAY)
    place.write("vpn", "suzuki,,,yes,true,")
    place.write("shop", "x9,,,,,")

    place.look(10 * MINUTE)

    assert place.verdict() is Verdict.CONFORMING


def test_what_is_to_go_from_a_system_that_is_bound_no_more_ends_with_a_word(place: Place) -> None:
    place.leave()
    place.look(timedelta(hours=10))
    assert ("remove-account/shop", "taro") in place.tasks()

    place.take(BINDINGS.partition("[accounts.shop]")[0])
    place.look(10 * MINUTE)

    assert place.tasks() == [("remove-account/vpn", "tanaka")]
    assert "つながれなくなり" in str(Run.objects.get(work="remove-account/shop").note)
    entry = LedgerEntry.objects.get(content__event="access-unbound")
    assert (entry.content["system"], entry.content["account"]) == ("shop", "taro")
    place.write("vpn", "uehara,,yes,,true,")
    place.look(10 * MINUTE)
    place.now += DAY
    place.write("vpn", "uehara,,yes,,true,")
    place.look()
    assert place.verdict() is Verdict.NOT_MEASURABLE, "it may still be there"
    assert "shop がつながれなくなり、taro がなくなったかは確かめられません" in place.said()


def test_what_is_bound_again_is_found_again(place: Place) -> None:
    place.leave()
    place.look(timedelta(hours=10))
    place.take(BINDINGS.partition("[accounts.shop]")[0])
    place.look(10 * MINUTE)

    place.take(BINDINGS)
    place.look(10 * MINUTE)

    assert ("remove-account/shop", "taro") in place.tasks()


def test_who_leaves_takes_nothing_back_and_puts_nothing_off(place: Place) -> None:
    place.leave("上原 なみ", "UEHARA")
    told = Leaver.objects.get()

    with pytest.raises(NotPossible, match="自分の退職"):
        withdraw(
            "上原 なみ",
            Teller("uehara", Leaver.ToldBy.PAGE, place.manager),
            place.edition,
            place.plan,
            place.now,
        )
    with pytest.raises(NotPossible, match="自分の退職"):
        place.leave("上原 なみ", day=place.now.date() + 100 * DAY)

    assert Leaver.objects.get().until == told.until
    other = Operator.objects.create(username="kanri", operator_role=OperatorRole.MANAGER)
    withdraw("上原 なみ", Teller("kanri", Leaver.ToldBy.PAGE, other), place.edition, place.plan, place.now)


def test_nobody_decides_about_what_is_theirs_by_their_address(place: Place) -> None:
    place.manager.email = "tanaka@example.com"
    place.manager.save()
    place.look()

    with pytest.raises(NotPossible, match="自分のアカウント"):
        place.decide("shop", "taro")


def test_a_cell_that_is_too_long_is_told() -> None:
    with pytest.raises(NotPossible, match="大きすぎます"):
        read_leavers("name,leaves_on\n" + "a" * 140_000 + ",2026-12-28\n")
