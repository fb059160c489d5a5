"""The verdict on leavers by those who left last, and of whom nothing is known."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.accounts.place import DAY, MINUTE, Place

from toban.engine.evidence.verdict import Verdict

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
    place.look(15 * timedelta(hours=1))
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
