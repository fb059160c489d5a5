"""The mode of an automatic act: the newer word counts, and what the bindings demand stays."""

from dataclasses import replace

import pytest

from toban.engine.modes.rules import (
    AutomaticAct,
    Mode,
    ModeDecision,
    is_over,
    mode_now,
    more_careful,
    needs_approval,
)
from toban.message import plain

SHADOW, ASK, ACT = Mode


def act(declared: Mode = ACT, boldest: Mode = ACT, *, is_irreversible: bool = False) -> AutomaticAct:
    return AutomaticAct(
        subject="schedule/B001",
        title=plain("B001"),
        role="運用責任者",
        declared=declared,
        boldest=boldest,
        is_irreversible=is_irreversible,
    )


def decided(mode: Mode, when_declared: Mode) -> dict[str, ModeDecision]:
    return {"schedule/B001": ModeDecision(mode, when_declared)}


def test_what_the_bindings_say_counts_until_a_person_decides() -> None:
    assert mode_now(act(SHADOW), {}) is SHADOW
    assert mode_now(act(SHADOW), decided(ACT, SHADOW)) is ACT
    assert mode_now(act(ACT), {"schedule/B002": ModeDecision(SHADOW, ACT)}) is ACT


def test_a_change_of_the_bindings_is_newer_than_what_a_person_decided() -> None:
    assert mode_now(act(ASK), decided(ACT, SHADOW)) is ASK


@pytest.mark.parametrize(
    ("mode", "when_declared", "declared", "over"),
    [
        (ACT, SHADOW, ASK, True),
        (SHADOW, ACT, ASK, True),
        (ACT, SHADOW, SHADOW, False),
        (ACT, SHADOW, None, True),
        (ASK, SHADOW, None, True),
        # What a person stopped stays so.
        (SHADOW, ACT, None, False),
    ],
)
def test_a_decision_is_over_once_the_bindings_say_something_else(
    mode: Mode, when_declared: Mode, declared: Mode | None, *, over: bool
) -> None:
    found = act(declared) if declared is not None else None
    assert is_over(ModeDecision(mode, when_declared), found) is over


def test_nobody_does_away_with_an_approval_that_the_bindings_demand() -> None:
    assert mode_now(act(ASK, boldest=ASK), decided(ACT, ASK)) is ASK
    assert mode_now(act(ASK, boldest=ASK), decided(SHADOW, ASK)) is SHADOW


@pytest.mark.parametrize(
    ("one", "other", "careful"), [(ACT, SHADOW, SHADOW), (ASK, ACT, ASK), (ASK, ASK, ASK)]
)
def test_the_more_careful_of_two_modes_does_less(one: Mode, other: Mode, careful: Mode) -> None:
    assert more_careful(one, other) is more_careful(other, one) is careful


def test_only_acting_without_asking_on_what_can_not_be_undone_needs_approval() -> None:
    forever = act(SHADOW, is_irreversible=True)

    assert [needs_approval(forever, mode) for mode in Mode] == [False, False, True]
    assert not needs_approval(act(SHADOW), ACT)


def test_acting_on_what_can_not_be_undone_counts_only_as_it_was_approved() -> None:
    forever = replace(act(SHADOW, is_irreversible=True), bound="rm a")

    assert mode_now(forever, {"schedule/B001": ModeDecision(ACT, SHADOW, "rm a")}) is ACT
    assert mode_now(forever, {"schedule/B001": ModeDecision(ACT, SHADOW, "rm b")}) is SHADOW
    assert mode_now(forever, {"schedule/B001": ModeDecision(ACT, SHADOW)}) is SHADOW
    assert mode_now(forever, {"schedule/B001": ModeDecision(ASK, SHADOW)}) is ASK
