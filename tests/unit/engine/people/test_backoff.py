"""How failures slow further sign-ins, and what a sign-in is held against."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.people.backoff import (
    AT_ACCOUNT,
    AT_ADDRESS,
    AT_SOURCE,
    FORGOTTEN,
    Backoff,
    Failures,
    SignInSource,
    counts_of,
    network_of,
)

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
NOTHING = timedelta()


@pytest.mark.parametrize(
    ("level", "seconds"), [(4, 0), (5, 30), (6, 60), (7, 120), (11, 1920), (12, 3600), (90, 3600)]
)
def test_the_wait_doubles_with_each_failure_up_to_the_longest(level: int, seconds: int) -> None:
    assert Failures(level, NOON).wait(AT_SOURCE, NOON) == timedelta(seconds=seconds)


def test_an_attempt_is_let_through_when_the_wait_ends() -> None:
    failures = Failures(5, NOON)

    assert failures.wait(AT_SOURCE, NOON + timedelta(seconds=29)) == timedelta(seconds=1)
    assert failures.wait(AT_SOURCE, NOON + timedelta(seconds=30)) == NOTHING


def test_a_failure_is_forgotten_after_each_drain() -> None:
    failures = Failures(3, NOON)

    assert failures.one_more(AT_SOURCE, NOON + timedelta(minutes=59)).level == 4
    assert failures.one_more(AT_SOURCE, NOON + timedelta(hours=1)).level == 3
    assert failures.one_more(AT_SOURCE, NOON + timedelta(hours=9)).level == 1


def test_a_clock_that_was_set_back_makes_nobody_wait_for_it() -> None:
    assert Failures(5, NOON).wait(AT_SOURCE, NOON - timedelta(days=1)) == NOTHING


@pytest.mark.parametrize(("backoff", "most_a_day"), [(AT_SOURCE, 40), (AT_ACCOUNT, 130), (AT_ADDRESS, 6000)])
def test_somebody_who_never_stops_gets_few_guesses_a_day_and_then_is_forgotten_in_one(
    backoff: Backoff, most_a_day: int
) -> None:
    now, failures, guesses = NOON, Failures(0, NOON), 0
    while now < NOON + timedelta(days=1):
        now += failures.wait(backoff, now)
        failures, guesses = failures.one_more(backoff, now), guesses + 1

    assert guesses <= most_a_day
    assert failures.one_more(backoff, now + FORGOTTEN).level == 1


def test_an_unknown_source_is_held_against_itself_its_address_and_all_strangers() -> None:
    source = SignInSource("192.0.2.1", "", is_known_address=False)

    held = [(each.account, each.source) for each in counts_of("aki", source)]

    assert held == [("", "192.0.2.1"), ("aki", ""), ("aki", "192.0.2.1")]


def test_a_known_address_is_not_held_against_strangers_nor_a_known_device_against_its_address() -> None:
    address = SignInSource("192.0.2.1", "", is_known_address=True)
    device = SignInSource("192.0.2.1", "phone", is_known_address=True)

    assert [(each.account, each.source) for each in counts_of("aki", address)] == [
        ("", "192.0.2.1"),
        ("aki", "192.0.2.1"),
    ]
    assert [(each.account, each.source) for each in counts_of("aki", device)] == [("aki", "phone")]


def test_a_one_time_password_is_not_held_against_all_strangers() -> None:
    source = SignInSource("192.0.2.1", "", is_known_address=False)

    assert ("aki", "") not in [
        (each.account, each.source) for each in counts_of("aki", source, is_guessable=False)
    ]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", ""),
        ("testserver", "testserver"),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network
