"""Trials, run in parallel: one that hangs blocks only its own thread."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic

from toban.design.finding import Finding, FindingLevel
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.trial import Trial, TrialCode
from toban.message import Message, message_of

_AT_ONCE = 16
PATIENCE = 30.0
"""Seconds that one trial may take. Every time-out within it is shorter, unless the other side never ends."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """The result of a trial."""

    trial: Trial
    findings: tuple[Finding, ...]


def try_all(
    trials: Sequence[Trial], tell: Callable[[int, int], None], *, patience: float = PATIENCE
) -> tuple[TrialResult, ...]:
    """Run all trials and return their results, in order; *tell* gets how many of how many are done."""
    done: SimpleQueue[tuple[int, TrialResult]] = SimpleQueue()
    results: dict[int, TrialResult] = {}
    waiting, begun = deque(enumerate(trials)), dict[int, float]()
    while len(results) < len(trials):
        while waiting and len(begun) < _AT_ONCE:
            position, trial = waiting.popleft()
            begun[position] = monotonic()
            threading.Thread(target=_run, args=(position, trial, done), daemon=True).start()
        for position, tried in _next(done, begun, trials, patience):
            # A trial that was given up may still end.
            if begun.pop(position, None) is not None:
                results[position] = tried
                tell(len(results), len(trials))
    return tuple(results[position] for position in range(len(trials)))


def _next(
    done: SimpleQueue[tuple[int, TrialResult]],
    begun: Mapping[int, float],
    trials: Sequence[Trial],
    patience: float,
) -> list[tuple[int, TrialResult]]:
    """Wait for the next trial to end, or return those that have taken too long."""
    oldest = min(begun.values())
    try:
        return [done.get(timeout=max(oldest + patience - monotonic(), 0.01))]
    except Empty:
        late = [position for position, since in begun.items() if monotonic() - since >= patience]
        return [
            (position, TrialResult(trials[position], (_hanging(trials[position], patience),)))
            for position in late
        ]


def _run(position: int, trial: Trial, done: SimpleQueue[tuple[int, TrialResult]]) -> None:
    try:
        doubts = tuple(trial.doubts())
    except SecretUnavailable as error:
        doubts = (message_of(error),)
    except Exception as error:  # noqa: BLE001 - whatever it raises tonight, it raises now: that is the finding
        # Only the type of the error: its text may hold a secret.
        doubts = (Message("document.trial-failed", error=type(error).__name__),)
    done.put((position, TrialResult(trial, tuple(trial.finding(doubt) for doubt in doubts))))


def _hanging(trial: Trial, patience: float) -> Finding:
    message = Message("document.trial-hangs", trial=trial.name, seconds=f"{patience:g}")
    hint = Message("document.check-firewall")
    return Finding(TrialCode.HANGS, FindingLevel.ERROR, trial.origin, message, trial.quote, hint)
