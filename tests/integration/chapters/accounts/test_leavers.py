"""The verdict on leavers by those who left last, and of whom nothing is known."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.accounts.place import DAY, MINUTE, Place

from toban.chapters.accounts.leaving import Teller, read_leavers, withdraw
from toban.chapters.accounts.models import Leaver
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole

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
