"""Decisions about scaling: from samples by the minute to one more instance, or the reason why not. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from toban.design.values.threshold import Comparison

ENOUGH = 0.8
"""The share of the samples that must be there: with fewer, a mean says too little about the group."""
FRESH = 3
"""Of the last minutes, one must have samples: what was measured before does not say how it is now."""
MINUTE = timedelta(minutes=1)


class Outcome(StrEnum):
    """What a rule decided about a group."""

    SCALE = "scale"
    CALM = "calm"
    """The condition does not hold."""
    NO_DATA = "no-data"
    DOWN = "down"
    """Something of the group, or of what it needs, is down: more instances don't help."""
    COOLING = "cooling"
    """An instance was added not long ago."""
    UNDER_WAY = "under-way"
    """An order to scale has not ended, or the group is not yet as large as was ordered."""
    AT_LIMIT = "at-limit"
    """The condition holds, and there may be no more instances."""
    POLICY = "policy"
    """The provider's own policy is not what the row says, or scales beside Toban."""


@dataclass(frozen=True, slots=True)
class ScalingTerms:
    """A rule about one group."""

    limit: float
    comparison: Comparison
    minutes: int
    """How long the condition must hold."""
    step: int
    most: int | None
    cool_down: timedelta


@dataclass(frozen=True, slots=True)
class GroupMinutes:
    """What a group's instances measured, minute by minute, the newest last."""

    means: NDArray[np.float64]
    """Over the instances that measured; NaN for a minute in which none did."""
    there: NDArray[np.int64]
    """How many instances measured."""


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """What is known of a group at a moment."""

    at: datetime
    minutes: GroupMinutes
    """Of the rule's time, at least."""
    wanted: int
    serving: int
    measured: int
    """How many instances have measured within a day: one that no target names is not missed."""
    down: Sequence[str] = ()
    """What is down, of the group or of what it needs."""
    scaled_at: datetime | None = None
    """When the last order to scale ended."""
    is_under_way: bool = False


@dataclass(frozen=True, slots=True)
class ScalingDecision:
    """What to do about a group, and what that rests on."""

    outcome: Outcome
    to: int | None = None
    """For `SCALE`: how many instances there are to be."""
    mean: float | None = None
    """The group's mean over the rule's time."""
    share: float = 0.0
    """Of the samples that were there, 0 to 1."""


def decide(terms: ScalingTerms, seen: GroupSeen) -> ScalingDecision:
    """Return what *terms* order for a group as it is *seen*."""
    judged = judge(terms, seen.minutes, at_least=min(seen.serving, seen.measured))
    means = seen.minutes.means[-terms.minutes :]
    mean = float(np.nanmean(means)) if np.isfinite(means).any() else None
    share = float(judged.shares[-1]) if judged.shares.size else 0.0
    outcome, to = _decided(terms, seen, judged)
    return ScalingDecision(outcome, to, mean, share)


@dataclass(frozen=True, slots=True)
class JudgedMinutes:
    """For each minute with a whole time of the rule before it: whether the condition held at its end."""

    shares: NDArray[np.float64]
    """Of the samples that were there in that time."""
    is_known: NDArray[np.bool_]
    """Whether there were enough of them, and fresh ones."""
    holds: NDArray[np.bool_]


def judge(terms: ScalingTerms, seen: GroupMinutes, *, at_least: int = 0) -> JudgedMinutes:
    """Return how *terms* stood at the end of each minute; empty if *seen* is shorter than the rule's time.

    As many samples a minute are expected as instances measured in any minute of the rule's time, or
    *at_least*. Every minute that was measured must reach the limit.
    """
    if seen.means.size < terms.minutes:
        nothing = np.zeros(0, dtype=np.bool_)
        return JudgedMinutes(np.zeros(0), nothing, nothing)
    there = sliding_window_view(seen.there, terms.minutes)
    expected = np.maximum(there.max(axis=1), at_least) * terms.minutes
    shares = there.sum(axis=1) / np.maximum(expected, 1)
    is_fresh = there[:, -FRESH:].any(axis=1)
    is_known = (shares >= ENOUGH) & is_fresh
    reaches = ~np.isfinite(seen.means) | _reaches(terms, seen.means)
    holds = is_known & sliding_window_view(reaches, terms.minutes).all(axis=1)
    return JudgedMinutes(shares, is_known, holds)


def _reaches(terms: ScalingTerms, means: NDArray[np.float64]) -> NDArray[np.bool_]:
    return means > terms.limit if terms.comparison is Comparison.ABOVE else means >= terms.limit


def _decided(terms: ScalingTerms, seen: GroupSeen, judged: JudgedMinutes) -> tuple[Outcome, int | None]:
    to = larger(terms, seen.wanted)
    if seen.down:
        return Outcome.DOWN, None
    if seen.is_under_way or seen.serving < seen.wanted:
        return Outcome.UNDER_WAY, None
    if not judged.is_known[-1:].any():
        return Outcome.NO_DATA, None
    if not judged.holds[-1]:
        return Outcome.CALM, None
    if to <= seen.wanted:
        return Outcome.AT_LIMIT, None
    if seen.scaled_at is not None and seen.at < seen.scaled_at + terms.cool_down:
        return Outcome.COOLING, None
    return Outcome.SCALE, to


class Spare(StrEnum):
    """Whether a group could do with fewer instances."""

    FREE = "free"
    NEEDED = "needed"
    UNKNOWN = "unknown"
    DOWN = "down"


def spare(terms: ScalingTerms, seen: GroupSeen, to: int) -> tuple[Spare, float | None]:
    """Return whether *to* instances would do, and the most that each of them would have measured.

    The load is spread over *to* instances: no minute of the rule's time may then reach its limit. If there
    are no more than *to*, they do unless the rule's condition holds.
    """
    judged = judge(terms, seen.minutes, at_least=min(seen.serving, seen.measured))
    if seen.down:
        return Spare.DOWN, None
    if not judged.is_known[-1:].any():
        return Spare.UNKNOWN, None
    means = seen.minutes.means[-terms.minutes :]
    if to >= seen.serving:
        return Spare.NEEDED if judged.holds[-1] else Spare.FREE, float(np.nanmax(means))
    spread = means * (seen.serving / to)
    return Spare.NEEDED if _reaches(terms, spread).any() else Spare.FREE, float(np.nanmax(spread))


def larger(terms: ScalingTerms, size: int) -> int:
    """Return the size after one more step; *size* itself if there may be no more."""
    to = size + terms.step
    return max(size, to if terms.most is None else min(to, terms.most))


@dataclass(frozen=True, slots=True)
class Replay:
    """What a rule would have done on the history of a group."""

    added: tuple[tuple[datetime, int], ...]
    """When it would have scaled, and to what."""
    limited: int
    """How many minutes the condition held while there might be no more instances."""
    known: float
    """The share of the minutes in which there were enough samples to decide, 0 to 1."""
    instance_time: timedelta
    """How long the added instances would have run, together, until the end of the history."""


def replay(terms: ScalingTerms, seen: GroupMinutes, begins: datetime, size: int) -> Replay:
    """Return what *terms* would have done to *size* instances from *begins* on, the first minute.

    The measured load is taken as it was: added instances relieve nobody here, so that is the most that the
    rule would have done. None is taken away again.
    """
    judged = judge(terms, seen)
    added: list[tuple[datetime, int]] = []
    limited, running, ready = 0, timedelta(0), None
    ends = begins + len(seen.means) * MINUTE
    for minute in np.flatnonzero(judged.holds).tolist():
        at = begins + (minute + terms.minutes) * MINUTE
        to = larger(terms, size)
        if to <= size:
            limited += 1
        elif ready is None or at >= ready:
            added.append((at, to))
            running += (to - size) * (ends - at)
            size, ready = to, at + terms.cool_down
    known = float(judged.is_known.mean()) if judged.is_known.size else 0.0
    return Replay(tuple(added), limited, known, running)
