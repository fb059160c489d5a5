"""A worker's runs: each in a thread of its own, all kept by one heartbeat."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import DatabaseError, OperationalError, connections

from toban.engine.clock import Clock
from toban.engine.runs import claim
from toban.engine.runs.claim import Claim, Fenced, Progress
from toban.engine.runs.rules import Reason
from toban.engine.runs.work import Step, StepFailed, Work

_BEAT = 2.0
"""Seconds between two heartbeats."""

_PATIENCE = 5.0
"""Seconds that runs in hand have to be let go of when the worker ends."""

_STATE_AGAIN = 1.0
"""Seconds until what could not be written is written again."""

_RELEASING = (Reason.STOPPED, Reason.CANCELLED)

log = structlog.get_logger(__name__)


@dataclass
class Hand:
    """A run being done; a `Turn` for its steps."""

    claim: Claim
    work: Work
    clock: Clock
    results: dict[str, object]
    deadline: float | None
    step: str = ""
    thread: threading.Thread | None = None
    _stop: Reason | None = field(default=None, init=False)
    _progress: Progress | None = field(default=None, init=False)

    @property
    def run_id(self) -> int:
        """The run's number."""
        return self.claim.run_id

    @property
    def due_at(self) -> datetime:
        """The due time, in the document's zone."""
        return self.claim.due_at.astimezone(self.work.system.zone)

    @property
    def parameters(self) -> Mapping[str, str]:
        """What the operator gave."""
        return self.claim.parameters

    def say(self, text: str) -> None:
        """Write into the run's log; a worker that was replaced is told to stop instead."""
        try:
            claim.write_log(self.claim, self.step, text.splitlines(), self.clock())
        except Fenced:
            self.stop(Reason.FENCED)
        except DatabaseError as error:
            # What the command does matters more than what it says.
            log.warning("run_log_lost", run=self.run_id, reason=str(error))
            connections.close_all()

    def progress(self, percent: float | None, text: str = "") -> None:
        """Keep how far the step is until the next heartbeat, which tells it."""
        self._progress = Progress(percent, text)

    def take_progress(self) -> Progress | None:
        """Return what the step has told since the last time."""
        taken, self._progress = self._progress, None
        return taken

    def why_stop(self) -> Reason | None:
        """Return why the step must end, or None."""
        if self._stop is None and self.deadline is not None and time.monotonic() >= self.deadline:
            self._stop = Reason.TIMED_OUT
        return self._stop

    def stop(self, reason: Reason) -> None:
        """Have the step end; the first reason stands."""
        self._stop = self._stop or reason


class Runner:
    """Claims runs and does them. `step` is called from one thread, again and again."""

    def __init__(self, holder: str, clock: Clock, *, most: int = 4) -> None:
        self._holder = holder
        self._clock = clock
        self._most = most
        self._works: Mapping[str, Work] = {}
        self._hands: dict[int, Hand] = {}
        self._beaten = 0.0

    def adopt(self, works: Mapping[str, Work]) -> None:
        """Claim runs of *works* from now on; what is in hand goes on as it began."""
        self._works = works

    def step(self) -> None:
        """Keep what is in hand, and take more while there is room."""
        self._hands = {
            run_id: hand for run_id, hand in self._hands.items() if hand.thread and hand.thread.is_alive()
        }
        if time.monotonic() - self._beaten >= _BEAT:
            self._beat()
        while len(self._hands) < self._most:
            taken = claim.claim(self._works, self._holder, self._clock(), in_hand=self._hands)
            if taken is None:
                return
            self._start(taken)

    def close(self) -> None:
        """Stop all steps and let go of their runs, for another worker or a later start."""
        for hand in self._hands.values():
            hand.stop(Reason.STOPPED)
        until = time.monotonic() + _PATIENCE
        for hand in self._hands.values():
            if hand.thread is not None:
                hand.thread.join(max(until - time.monotonic(), 0))

    def _beat(self) -> None:
        self._beaten = time.monotonic()
        for hand in self._hands.values():
            reason = claim.renew(hand.claim, self._clock(), hand.take_progress())
            if reason is not None:
                log.warning("run_to_stop", run=hand.run_id, work=hand.work.key, reason=reason)
                hand.stop(reason)

    def _start(self, taken: Claim) -> None:
        work = self._works[taken.work]
        limit = time.monotonic() + work.timeout.total_seconds() if work.timeout else None
        hand = Hand(taken, work, self._clock, dict(taken.results), limit)
        hand.thread = threading.Thread(target=_do, args=(hand,), name=f"run {taken.run_id}", daemon=True)
        self._hands[taken.run_id] = hand
        log.info("run_started", run=taken.run_id, work=work.key, due=taken.due_at.isoformat())
        hand.thread.start()


def _do(hand: Hand) -> None:
    try:
        reason = _through(hand)
        log.info("run_ended", run=hand.run_id, work=hand.work.key, outcome=reason)
    except Fenced:
        log.warning("late_result_refused", run=hand.run_id, work=hand.work.key, fence=hand.claim.fence)
    except Exception:
        # The thread's own boundary: the lease runs out, and the run is taken up again.
        log.exception("run_broke_off", run=hand.run_id, work=hand.work.key)
    finally:
        connections.close_all()


def _through(hand: Hand) -> Reason:
    """Do the steps that are not finished yet, and end the run; may raise `Fenced`."""
    try:
        for step in hand.work.steps:
            if step.name in hand.results:
                continue
            if not _may_act(hand, step):
                return Reason.AWAITING_APPROVAL
            _finish(hand, step)
    except StepFailed as failure:
        return _fail(hand, failure)
    _insist(lambda: claim.succeed(hand.claim, hand.clock()))
    return Reason.SUCCEEDED


def _may_act(hand: Hand, step: Step) -> bool:
    wanted_of = step.approval
    if wanted_of is None:
        return True
    return _insist(lambda: claim.has_consent(hand.claim, step.name, wanted_of, hand.clock()))


def _finish(hand: Hand, step: Step) -> None:
    stop = hand.why_stop()
    if stop is not None:
        raise StepFailed("次の手順の前に止めました", stop)
    # A worker that wakes up from a freeze here must not begin what another is doing already.
    _insist(lambda: claim.begin(hand.claim, step.name))
    hand.step, began_at = step.name, hand.clock()
    hand.take_progress()
    try:
        result = step.act(hand)
    except StepFailed:
        raise
    except Exception as error:
        # A step may be anything; whatever it raises is the run's failure, not the worker's.
        log.exception("step_broke", run=hand.run_id, work=hand.work.key, step=step.name)
        raise StepFailed(f"{type(error).__name__}: {error}") from error
    _insist(lambda: claim.keep(hand.claim, step.name, result, began_at=began_at, now=hand.clock()))
    hand.results[step.name] = result


def _fail(hand: Hand, failure: StepFailed) -> Reason:
    if failure.reason is Reason.FENCED:
        raise Fenced(str(failure)) from failure
    if failure.reason in _RELEASING:
        _insist(lambda: claim.release(hand.claim, failure.reason, hand.clock()))
    else:
        error = f"{hand.step}: {_words(failure, hand.work)}"
        _insist(lambda: claim.fail(hand.claim, hand.work, failure.reason, error, hand.clock()))
    return failure.reason


def _insist[T](write: Callable[[], T]) -> T:
    """Write once the state database can be written: what a step has done is not thrown away."""
    while True:
        try:
            return write()
        except OperationalError as error:
            log.warning("run_waits_for_state", reason=str(error))
            connections.close_all()
            time.sleep(_STATE_AGAIN)


def _words(failure: StepFailed, work: Work) -> str:
    if failure.reason is Reason.TIMED_OUT and work.timeout is not None:
        return f"制限時間 {work.timeout.total_seconds():g} 秒を過ぎました"
    return str(failure)
