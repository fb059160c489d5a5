"""Planted cases are found, each with its reason; a quiet month raises nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.accounts.suspicion.rules import (
    AccountHistory,
    FoundSuspicion,
    SignIn,
    SuspicionRule,
    WatchTerms,
    network_of,
    watch,
)
from toban.design.calendar import BusinessCalendar
from toban.design.values.hours import read_hours

TOKYO = ZoneInfo("Asia/Tokyo")
TUESDAY = datetime(2026, 11, 24, 10, tzinfo=TOKYO)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
HOURS = read_hours("平日 9:00-18:00")
assert HOURS is not None
TERMS = WatchTerms(HOURS, BusinessCalendar(True))


def found(*sign_ins: SignIn, since: datetime | None = None) -> Sequence[SuspicionRule]:
    history = AccountHistory()
    if since is not None:
        history.first_at = history.last_at = since
        history.networks.add("10.0.0.0/24")
    return [each.rule for each in watch(history, sign_ins, TERMS)]


def test_the_first_fortnight_only_learns_networks() -> None:
    early = SignIn(TUESDAY, "10.0.0.1"), SignIn(TUESDAY + 13 * DAY, "198.51.100.7")

    assert found(*early) == []


@pytest.mark.parametrize(
    ("address", "rules"),
    [
        ("10.0.0.200", []),
        ("10.0.1.1", [SuspicionRule.NEW_NETWORK]),
        ("2001:db8::1", [SuspicionRule.NEW_NETWORK]),
        ("::ffff:10.0.0.9", []),
        ("", []),
        ("tty1", []),
    ],
)
def test_a_network_never_seen_for_the_account(address: str, rules: list[SuspicionRule]) -> None:
    assert found(SignIn(TUESDAY, address), since=TUESDAY - 14 * DAY) == rules


def test_a_network_is_new_once() -> None:
    twice = SignIn(TUESDAY, "192.0.2.1"), SignIn(TUESDAY + MINUTE, "192.0.2.99")

    assert found(*twice, since=TUESDAY - 14 * DAY) == [SuspicionRule.NEW_NETWORK]


@pytest.mark.parametrize(("failures", "rules"), [(4, []), (5, [SuspicionRule.GUESSED])])
def test_failures_and_then_success(failures: int, rules: list[SuspicionRule]) -> None:
    tries = [SignIn(TUESDAY + each * MINUTE, succeeded=False) for each in range(failures)]

    assert found(*tries, SignIn(TUESDAY + 10 * MINUTE)) == rules


def test_failures_of_long_ago_or_before_another_success_do_not_count() -> None:
    tries = [SignIn(TUESDAY, succeeded=False)] * 5

    assert found(*tries, SignIn(TUESDAY + 11 * MINUTE)) == []
    assert found(*tries[:4], SignIn(TUESDAY), tries[4], SignIn(TUESDAY)) == []


@pytest.mark.parametrize(
    ("at", "is_privileged", "has_occasion", "rules"),
    [
        (TUESDAY.replace(hour=2), True, False, [SuspicionRule.OFF_HOURS]),
        (TUESDAY.replace(hour=18), True, False, [SuspicionRule.OFF_HOURS]),
        (TUESDAY.replace(hour=17, minute=59), True, False, []),
        (TUESDAY.replace(hour=2), False, False, []),
        (TUESDAY.replace(hour=2), True, True, []),
        (TUESDAY - DAY, True, False, [SuspicionRule.OFF_HOURS]),
    ],
)
def test_privileges_used_when_nobody_works(
    at: datetime, is_privileged: bool, has_occasion: bool, rules: list[SuspicionRule]
) -> None:
    each = SignIn(at, is_privileged=is_privileged, has_occasion=has_occasion)

    assert found(each) == rules, "the 23rd is a holiday"


@pytest.mark.parametrize(("days", "rules"), [(89, []), (90, [SuspicionRule.WAKING])])
def test_a_dormant_account_wakes(days: int, rules: list[SuspicionRule]) -> None:
    assert found(SignIn(TUESDAY), since=TUESDAY - days * DAY) == rules


def test_what_is_found_says_why() -> None:
    history = AccountHistory(TUESDAY - 20 * DAY, TUESDAY - DAY, {"10.0.0.0/24"})

    [each] = watch(history, [SignIn(TUESDAY, "192.0.2.1")], TERMS)

    assert "192.0.2.1 (192.0.2.0/24)" in str(each.said)


def test_a_network_is_what_one_office_has() -> None:
    assert network_of("203.0.113.77") == "203.0.113.0/24"
    assert network_of("2001:db8:1:2::3") == "2001:db8:1::/48"


PEOPLE, MONTHS = 50, 3


def months(random: Random) -> dict[int, list[SignIn]]:
    """Fifty people for three months: office, home and a phone; typing errors; holidays; ten are privileged.

    The office has two networks, a home's changes its address daily, and a phone's is one of three.
    """
    made: dict[int, list[SignIn]] = {}
    for person in range(PEOPLE):
        places = [
            f"10.0.{person % 2}.",
            f"100.64.{person}.",
            *(f"172.2{each}.{person}." for each in range(3)),
        ]
        own: list[SignIn] = []
        for day in range(30 * MONTHS):
            at = (TUESDAY + day * DAY).replace(hour=9)
            if not TERMS.calendar.is_business_day(at.date()):
                continue
            for _ in range(random.randint(1, 3)):
                moment = at + timedelta(minutes=random.randint(0, 8 * 60))
                address = random.choice(places) + str(random.randint(1, 254))
                wrong = random.choice([0, 0, 0, 0, 1, 2])
                own += [SignIn(moment, address, succeeded=False)] * wrong
                own.append(SignIn(moment + MINUTE, address, is_privileged=person < 10))
        made[person] = sorted(own, key=lambda each: each.at)
    return made


def of_month(own: Sequence[FoundSuspicion]) -> int:
    return sum(each.at >= TUESDAY + 60 * DAY for each in own)


def test_a_quiet_month_raises_nothing_and_planted_cases_are_all_found() -> None:
    quiet = months(Random(7))  # noqa: S311 - for a test

    alarms = sum(of_month(list(watch(AccountHistory(), own, TERMS))) for own in quiet.values())

    assert sum(each.at >= TUESDAY + 60 * DAY for own in quiet.values() for each in own) > 1500
    assert alarms == 0
    night = (TUESDAY + 80 * DAY).replace(hour=3)
    planted = {
        0: SignIn(night, "10.0.0.5", is_privileged=True),
        20: SignIn(night, "198.51.100.9"),
    }
    for person, each in planted.items():
        own = sorted([*quiet[person], each], key=lambda one: one.at)
        assert of_month(list(watch(AccountHistory(), own, TERMS))) == 1
