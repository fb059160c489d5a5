from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.chapters.capacity.scaling.rules import (
    GroupMinutes,
    GroupSeen,
    Outcome,
    ScalingTerms,
    Spare,
    decide,
    judge,
    replay,
    spare,
)
from toban.design.values.threshold import Comparison

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HALF_HOUR = timedelta(minutes=30)
RULE = ScalingTerms(70.0, Comparison.AT_LEAST, 30, 1, 10, HALF_HOUR)
"""運用設計書.md:238: CPU使用率70%が30分継続 → 1台追加, up to 10."""


def minutes(*means: float, instances: int = 2) -> GroupMinutes:
    found = np.array(means, dtype=np.float64)
    return GroupMinutes(found, np.where(np.isfinite(found), instances, 0))


def seen(group: GroupMinutes, **known: object) -> GroupSeen:
    told: dict[str, object] = {"wanted": 2, "serving": 2, "measured": 2, **known}
    return GroupSeen(NOW, group, **told)  # type: ignore[arg-type]


def test_a_group_at_the_limit_for_the_whole_time_gets_one_more() -> None:
    found = decide(RULE, seen(minutes(*[70.0] * 30)))

    assert (found.outcome, found.to, found.mean, found.share) == (Outcome.SCALE, 3, 70.0, 1.0)


def test_one_minute_below_the_limit_begins_the_time_anew() -> None:
    assert decide(RULE, seen(minutes(*[90.0] * 29, 69.9))).outcome is Outcome.CALM
    assert decide(RULE, seen(minutes(69.9, *[90.0] * 29))).outcome is Outcome.CALM
    assert decide(RULE, seen(minutes(69.9, *[90.0] * 30))).outcome is Outcome.SCALE


def test_above_is_not_at_least() -> None:
    above = ScalingTerms(70.0, Comparison.ABOVE, 30, 1, 10, HALF_HOUR)

    assert decide(above, seen(minutes(*[70.0] * 30))).outcome is Outcome.CALM
    assert decide(above, seen(minutes(*[70.1] * 30))).outcome is Outcome.SCALE


@pytest.mark.parametrize(
    ("missing", "outcome"), [(6, Outcome.SCALE), (7, Outcome.NO_DATA), (30, Outcome.NO_DATA)]
)
def test_four_fifths_of_the_samples_must_be_there(missing: int, outcome: Outcome) -> None:
    assert decide(RULE, seen(minutes(*[np.nan] * missing, *[90.0] * (30 - missing)))).outcome is outcome


def test_an_instance_that_is_silent_counts_as_missing() -> None:
    one_of_two = minutes(*[90.0] * 30, instances=1)

    assert decide(RULE, seen(one_of_two)).outcome is Outcome.NO_DATA
    assert decide(RULE, seen(one_of_two, wanted=1, serving=1)).outcome is Outcome.SCALE


def test_an_instance_that_nobody_ever_measured_is_not_missed() -> None:
    """One that was added behind a proxy, and that no target names."""
    assert decide(RULE, seen(minutes(*[90.0] * 30), wanted=3, serving=3)).outcome is Outcome.SCALE
    three = seen(minutes(*[90.0] * 30), wanted=3, serving=3, measured=3)
    assert decide(RULE, three).outcome is Outcome.NO_DATA


def test_a_group_that_went_silent_just_now_is_not_scaled() -> None:
    assert decide(RULE, seen(minutes(*[90.0] * 27, *[np.nan] * 3))).outcome is Outcome.NO_DATA
    assert decide(RULE, seen(minutes(*[90.0] * 28, *[np.nan] * 2))).outcome is Outcome.SCALE


def test_less_history_than_the_time_of_the_rule_decides_nothing() -> None:
    assert decide(RULE, seen(minutes(*[90.0] * 29))).outcome is Outcome.NO_DATA
    assert decide(RULE, seen(minutes())).mean is None


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        ({"down": ("DB db-1",)}, Outcome.DOWN),
        ({"is_under_way": True}, Outcome.UNDER_WAY),
        ({"wanted": 3, "serving": 2}, Outcome.UNDER_WAY),
        ({"scaled_at": NOW - HALF_HOUR + MINUTE}, Outcome.COOLING),
        ({"scaled_at": NOW - HALF_HOUR}, Outcome.SCALE),
        ({"wanted": 10, "serving": 10}, Outcome.AT_LIMIT),
        # More than the document allows, by hand: nothing is taken away, and nothing added.
        ({"wanted": 12, "serving": 12}, Outcome.AT_LIMIT),
    ],
)
def test_what_keeps_a_loaded_group_from_growing(known: dict[str, object], outcome: Outcome) -> None:
    assert decide(RULE, seen(minutes(*[90.0] * 30, instances=20), **known)).outcome is outcome


def test_a_step_ends_at_the_limit() -> None:
    by_two = ScalingTerms(70.0, Comparison.AT_LEAST, 1, 2, 3, HALF_HOUR)

    assert decide(by_two, seen(minutes(90.0))).to == 3


def counted(means: list[float | None], rule: ScalingTerms, size: int) -> list[int]:
    """Count by hand, minute by minute: the minutes at whose end the rule adds."""
    added, ready = [], 0
    for end in range(rule.minutes, len(means) + 1):
        window = means[end - rule.minutes : end]
        there = [each for each in window if each is not None]
        is_known = len(there) >= 0.8 * rule.minutes and any(each is not None for each in window[-3:])
        most = rule.most or 10**9
        if is_known and all(each >= rule.limit for each in there) and size < most and end >= ready:
            size = min(size + rule.step, most)
            added.append(end)
            ready = end + int(rule.cool_down / MINUTE)
    return added


@given(
    st.lists(st.sampled_from([None, 50.0, 70.0, 90.0, 90.0, 90.0]), max_size=120),
    st.integers(1, 12),
    st.integers(1, 40),
    st.integers(1, 5),
)
def test_a_replay_counts_what_a_count_by_hand_does(
    means: list[float | None], length: int, cool_down: int, size: int
) -> None:
    rule = ScalingTerms(70.0, Comparison.AT_LEAST, length, 1, 4, cool_down * MINUTE)
    history = minutes(*[np.nan if each is None else each for each in means])

    found = replay(rule, history, NOW, size)

    ends = counted(means, rule, size)
    assert [at for at, _ in found.added] == [NOW + end * MINUTE for end in ends]
    assert found.instance_time == sum(((len(means) - end) * MINUTE for end in ends), timedelta(0))


def test_a_replay_decides_as_the_rule_does_now() -> None:
    history = minutes(*[90.0] * 10, *[np.nan] * 5, *[90.0] * 60, 10.0, *[90.0] * 20)

    found = judge(RULE, history)

    for end in range(30, len(history.means) + 1):
        part = GroupMinutes(history.means[:end], history.there[:end])
        now = decide(RULE, seen(part, wanted=1, serving=0 + 1))
        assert bool(found.holds[end - 30]) == (now.outcome is Outcome.SCALE)


def test_a_replay_tells_how_long_the_limit_kept_it_from_adding() -> None:
    rule = ScalingTerms(70.0, Comparison.AT_LEAST, 1, 1, 2, MINUTE)

    found = replay(rule, minutes(*[90.0] * 5, *[np.nan] * 5), NOW, 1)

    assert [to for _, to in found.added] == [2]
    assert found.limited == 4
    assert found.known == 0.5


@pytest.mark.parametrize(
    ("mean", "to", "stand"),
    [
        (23.3, 1, Spare.FREE),
        (23.4, 1, Spare.NEEDED),
        (46.6, 2, Spare.FREE),
        (46.7, 2, Spare.NEEDED),
        (69.9, 3, Spare.FREE),
        (70.0, 3, Spare.NEEDED),
        (70.0, 5, Spare.NEEDED),
    ],
)
def test_a_load_that_fewer_could_not_bear_needs_the_others(mean: float, to: int, stand: Spare) -> None:
    group = minutes(*[mean] * 30, instances=3)

    assert spare(RULE, seen(group, wanted=3, serving=3, measured=3), to)[0] is stand


def test_one_minute_of_such_a_load_is_enough_to_need_the_others() -> None:
    group = minutes(*[10.0] * 29, 40.0)

    assert spare(RULE, seen(group), 1) == (Spare.NEEDED, 80.0)


def test_nothing_is_spared_where_samples_are_missing_or_something_is_down() -> None:
    assert spare(RULE, seen(minutes(*[np.nan] * 30)), 1) == (Spare.UNKNOWN, None)
    assert spare(RULE, seen(minutes(*[10.0] * 29)), 1) == (Spare.UNKNOWN, None)
    assert spare(RULE, seen(minutes(*[10.0] * 30), down=("DB db-1",)), 1) == (Spare.DOWN, None)
