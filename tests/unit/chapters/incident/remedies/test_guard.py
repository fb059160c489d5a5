"""Whether a remedy may be done now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toban.chapters.incident.remedies.guard import (
    GuardTerms,
    PastEffect,
    PastUse,
    Stand,
    TargetSeen,
    guard,
    is_left_to_people,
    next_of,
    repeated,
)
from toban.message import plain

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TERMS = GuardTerms("再起動", "web-1", each_instance=False, most=2)


def use(ago: timedelta, effect: PastEffect = PastEffect.HELPED, **more: Any) -> PastUse:
    settled = None if effect is PastEffect.PENDING else NOW - ago + MINUTE
    made = PastUse("再起動", "web-1", effect, NOW - ago, settled_at=settled)
    return replace(made, **more)


def stand(*past: PastUse, terms: GuardTerms = TERMS, **more: Any) -> Stand:
    return guard(terms, TargetSeen(NOW, past, **more)).stand


def test_without_a_past_it_is_done() -> None:
    assert stand() is Stand.GO


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        ((59 * MINUTE, 30 * MINUTE), Stand.HOLD),
        ((HOUR, 30 * MINUTE), Stand.GO),
        ((30 * MINUTE,), Stand.GO),
        ((50 * MINUTE, 40 * MINUTE, 30 * MINUTE), Stand.HOLD),
    ],
)
def test_it_is_done_so_often_within_an_hour_and_no_more(ago: tuple[timedelta, ...], expected: Stand) -> None:
    assert stand(*map(use, ago)) is expected


def test_what_was_only_recorded_or_held_back_does_not_count_against_it() -> None:
    past = [use(30 * MINUTE, each) for each in (PastEffect.ONLY_SHOWN, PastEffect.NOT_DONE)] * 3

    assert stand(*past) is Stand.GO


def test_another_remedy_of_the_target_has_its_own_count() -> None:
    assert stand(*[use(each * MINUTE, remedy="拡張") for each in (30, 40, 50)]) is Stand.GO


def test_after_one_without_effect_it_is_left_alone_for_a_day() -> None:
    assert stand(use(5 * HOUR, PastEffect.IN_VAIN)) is Stand.HOLD
    assert stand(use(25 * HOUR, PastEffect.IN_VAIN)) is Stand.GO
    assert stand(use(5 * HOUR, PastEffect.IN_VAIN), use(2 * HOUR)) is Stand.GO
    assert stand(use(5 * HOUR), use(2 * HOUR, PastEffect.IN_VAIN)) is Stand.HOLD


def test_a_person_who_has_it_done_closes_the_circuit() -> None:
    vain = use(5 * HOUR, PastEffect.IN_VAIN)

    assert stand(vain, done_by_people=NOW - HOUR) is Stand.GO
    assert stand(vain, done_by_people=NOW - 6 * HOUR) is Stand.HOLD


def test_two_remedies_of_a_target_are_never_done_at_once() -> None:
    running = use(MINUTE, PastEffect.PENDING, remedy="拡張", is_running=True)
    measured = use(MINUTE, PastEffect.PENDING, remedy="拡張")

    assert stand(running) is Stand.WAIT
    assert stand(measured) is Stand.WAIT


def test_one_that_mends_single_instances_waits_only_for_the_same_instance() -> None:
    terms = replace(TERMS, each_instance=True)
    other = use(MINUTE, PastEffect.PENDING, instance="web-2")

    assert stand(other, terms=terms) is Stand.GO
    assert stand(other) is Stand.WAIT
    assert stand(replace(other, is_running=True), terms=terms) is Stand.WAIT
    assert stand(replace(other, instance="web-1"), terms=terms) is Stand.WAIT


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"maintenance": plain("月次メンテナンス")}, "月次メンテナンス"),
        ({"release": plain("リリース 7")}, "リリース 7"),
        ({"is_unmeasured": True}, "測れていません"),
    ],
)
def test_it_waits_in_maintenance_during_a_release_and_without_data(more: dict[str, Any], why: str) -> None:
    decided = guard(TERMS, TargetSeen(NOW, **more))

    assert decided.stand is Stand.WAIT
    assert why in str(decided.why)


@pytest.mark.parametrize(
    ("effect", "then"),
    [
        (PastEffect.PENDING, None),
        (PastEffect.HELPED, None),
        (PastEffect.ONLY_SHOWN, None),
        (PastEffect.IN_VAIN, "フェイルオーバー"),
        (PastEffect.NOT_DONE, "フェイルオーバー"),
    ],
)
def test_the_next_remedy_is_due_after_one_that_did_not_help(effect: PastEffect, then: str | None) -> None:
    names = ("再起動", "フェイルオーバー")

    assert next_of(names, ()) == "再起動"
    assert next_of(names, (use(MINUTE, effect),)) == then


def test_after_the_last_people_are_called() -> None:
    vain = (use(9 * MINUTE, PastEffect.IN_VAIN), use(MINUTE, PastEffect.NOT_DONE, remedy="フェイルオーバー"))
    names = ("再起動", "フェイルオーバー")

    assert next_of(names, vain) is None
    assert is_left_to_people(names, vain)
    assert not is_left_to_people(names, vain[:1])
    assert not is_left_to_people((), ())


def test_what_is_done_twice_within_an_hour_is_counted() -> None:
    past = (
        use(59 * MINUTE),
        use(MINUTE, PastEffect.PENDING),
        use(2 * HOUR),
        use(MINUTE, PastEffect.NOT_DONE),
    )

    assert repeated("再起動", past, NOW) == 2
    assert repeated("拡張", past, NOW) == 0
