"""The verdict on the row of a known failure."""

from datetime import date

import pytest

from toban.chapters.incident.rows.patterns import LastUse, PatternState, UseState, judge
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.rules import Mode, word
from toban.message import plain


def verdict(
    state: UseState, mode: Mode = Mode.ACT, *, is_open: bool = False, told: bool = True, in_time: bool = True
) -> Verdict:
    last = LastUse(state, plain("…"), is_open, told, in_time, {"alert": 1})
    return judge(PatternState(mode, last)).verdict


def test_a_failure_that_never_happened_is_not_due_and_says_when_it_was_rehearsed() -> None:
    assert judge(PatternState(Mode.ACT)).verdict is Verdict.NOT_DUE
    drilled = judge(PatternState(Mode.ASK, drilled_on=date(2026, 11, 2)))
    assert (drilled.verdict, str(drilled.reason)) == (
        Verdict.NOT_DUE,
        "まだ起きていません。最後の訓練は 2026-11-02 です",
    )


@pytest.mark.parametrize(
    ("state", "more", "expected"),
    [
        (UseState.UNDER_WAY, {}, Verdict.CONFORMING),
        (UseState.ASKS, {}, Verdict.WARNING),
        (UseState.UNANSWERED, {}, Verdict.NOT_PERFORMED),
        (UseState.HELPED, {}, Verdict.CONFORMING),
        (UseState.HELPED, {"in_time": False}, Verdict.DEVIATING),
        (UseState.IN_VAIN, {}, Verdict.DEVIATING),
        (UseState.NOT_DONE, {"told": False}, Verdict.DEVIATING),
        (UseState.NOT_DONE, {"is_open": True}, Verdict.WARNING),
        (UseState.NOT_DONE, {}, Verdict.CONFORMING),
        (UseState.NOT_DONE, {"in_time": False}, Verdict.DEVIATING),
        (UseState.ONLY_SHOWN, {}, Verdict.NOT_DUE),
    ],
)
def test_the_last_occasion_decides(state: UseState, more: dict[str, bool], expected: Verdict) -> None:
    assert verdict(state, Mode.ACT, **more) is expected


def test_in_shadow_it_is_not_measurable_whatever_happened() -> None:
    for state in UseState:
        assert verdict(state, Mode.SHADOW) is Verdict.NOT_MEASURABLE
    assert judge(PatternState(Mode.SHADOW)).value == word(Mode.SHADOW)


def test_the_run_and_the_alert_are_the_proof() -> None:
    last = LastUse(UseState.HELPED, plain("…"), False, True, True, {"alert": 3, "run": 7})

    assert judge(PatternState(Mode.ACT, last)).proof == {"alert": 3, "run": 7}
