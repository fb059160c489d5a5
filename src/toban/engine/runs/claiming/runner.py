"""A worker's runs: each in its own thread, all kept by one heartbeat."""

import json
import math
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import zip_longest

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connections

from toban.catalogue import DOCUMENTS_LANGUAGE
from toban.engine.clock import Clock
from toban.engine.runs.claiming import claim, heartbeat, hosts
from toban.engine.runs.claiming.bell import Bell
from toban.engine.runs.claiming.claim import Claim, Fenced, LastStep, StepProgress, Success
from toban.engine.runs.claiming.crew import Crew, drop_broken_connections
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.silence import BEAT, SURE, Silences
from toban.engine.runs.models import Run
from toban.engine.runs.modes.acts import asking
from toban.engine.runs.parameters import choices, why_refused
from toban.engine.runs.rules import HostState, RunReason
from toban.engine.runs.work import Step, StepFailed, StepPostponed, Work
from toban.engine.state.question import Question
from toban.engine.state.reach import STATE
from toban.engine.telemetry.output import OutputBuffer, OutputLine
from toban.message import NOTHING, Message, message_of, plain

_PATIENCE = 5.0
"""Seconds for releasing the current runs when the worker ends."""

_GATHERS = 0.05
"""The most seconds for which a claim waits for ends that are being written."""

_STATE_AGAIN = 1.0
"""Seconds until a failed write to the state database is retried."""

MOST_LINES = 1000
"""Number of lines of one claim that the state database keeps, for the pages; the telemetry store has all."""

_RELEASING = (RunReason.STOPPED, RunReason.CANCELLED)

_RUNNING = Question(
    lambda: Run.objects.filter(state=Run.State.RUNNING).values_list("pk", "work", "fence", "leased_until")
)

log = structlog.get_logger(__name__)


@dataclass
class Hand:
    """A run in progress; a `RunTurn` for its steps."""

    claim: Claim
    work: Work
    clock: Clock
    results: dict[str, object]
    deadline: float | None
    output: OutputBuffer | None = None
    step: str = ""
    confirmed_at: float = -math.inf
    """When the tables were asked that last said that this worker holds the run; by `time.monotonic`."""
    is_ending: bool = field(default=False, init=False)
    """The run's release is being written: a heartbeat that finds it gone means nothing."""
    ended: threading.Event = field(default_factory=threading.Event, init=False)
    _stop: RunReason | None = field(default=None, init=False)
    _progress: StepProgress | None = field(default=None, init=False)
    _said: int = field(default=0, init=False)
    _noted: int = field(default=0, init=False)

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
        """The operator's parameters."""
        return self.claim.parameters

    def say(self, text: Message | str) -> None:
        """Write into the run's log; a worker that was replaced is told to stop instead."""
        lines: Sequence[Message | str] = text.splitlines() if isinstance(text, str) else [text]
        now = self.clock()
        if self.output is not None:
            numbered = enumerate(lines, start=self._said + 1)
            self.output.add(
                [
                    OutputLine(self.run_id, self.claim.fence, number, now, self.step, _as_text(line))
                    for number, line in numbered
                ]
            )
        room = max(MOST_LINES - self._said, 0)
        self._said += len(lines)
        self._log(lines[:room], now)

    def note_left_out(self) -> None:
        """Write into the log how many lines of the step it left out."""
        left_out = self._said - MOST_LINES
        if left_out > self._noted:
            self._noted = left_out
            code = "runs.lines-in-telemetry" if self.output is not None else "runs.lines-not-kept"
            self._log([Message(code, count=left_out)], self.clock())

    def _log(self, lines: Sequence[Message | str], now: datetime) -> None:
        if not lines:
            return
        try:
            claim.write_log(self.claim, self.step, lines, now)
        except Fenced:
            self.stop(RunReason.FENCED)
        except DatabaseError as error:
            # The command's work matters more than its output.
            log.warning("run_log_lost", run=self.run_id, reason=str(error))
            connections.close_all()

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Keep the step's progress until the next heartbeat, which writes it."""
        self._progress = StepProgress(percent, text)

    def take_progress(self) -> StepProgress | None:
        """Return the progress reported since the last call, if any."""
        taken, self._progress = self._progress, None
        return taken

    def finished_hosts(self) -> Collection[str]:
        """Return the hosts on which an earlier attempt has succeeded."""
        return hosts.finished_hosts(self.claim)

    def on_host(self, name: str, state: HostState, note: Message = NOTHING) -> None:
        """Record how the run stands on a host; a worker that was replaced is told to stop instead."""
        try:
            _insist(lambda: hosts.record(self.claim, name, state, note, self.clock()))
        except Fenced:
            self.stop(RunReason.FENCED)

    def why_stop(self) -> RunReason | None:
        """Return why the step must end, or None."""
        if self._stop is None and self.deadline is not None and time.monotonic() >= self.deadline:
            self._stop = RunReason.TIMED_OUT
        return self._stop

    def stop(self, reason: RunReason) -> None:
        """Have the step end; the first reason counts."""
        self._stop = self._stop or reason


class Runner:
    """Claims runs and does them. One thread calls `step` and `wait` repeatedly."""

    def __init__(
        self, holder: str, clock: Clock, *, most: int = 16, output: OutputBuffer | None = None
    ) -> None:
        self._output = output
        self._holder = holder
        self._clock = clock
        self._most = most
        self._works: Mapping[str, Work] = {}
        self._hands: dict[int, Hand] = {}
        self._crew = Crew(most)
        self._bell = Bell()
        self._endings = Endings(lambda ends: claim.succeed_all(ends, clock()), lambda: len(self._going()))
        self._silences = Silences()
        self._has_more = False
        self._heart: threading.Thread | None = None
        self._is_closed = threading.Event()

    def adopt(self, works: Mapping[str, Work]) -> None:
        """Claim runs of *works* from now on; current runs continue as they began."""
        self._works = works

    def step(self, *, claims: bool = True, is_sure: bool = False) -> None:
        """Take over lost runs and, unless nothing can have come, claim waiting ones, while there is room.

        *is_sure* says that runs have just come: whether any wait need not be asked.
        """
        self._hands = {run_id: hand for run_id, hand in self._hands.items() if not hand.ended.is_set()}
        try:
            if self._silences.next_look() <= 0:
                self._take_over()
            if claims:
                self._claim(self._most - len(self._hands), looks_first=not (is_sure or self._has_more))
        except DatabaseError:
            self._silences.forget()
            raise

    def wait(self, seconds: float) -> bool:
        """Return when there may be something to do, or after *seconds*; tell whether the bell has rung."""
        until = time.monotonic() + seconds
        is_rung = self._bell.wait(min(seconds, self._silences.next_look()))
        # What ends together makes room together: one claim of eight costs little more than one of one.
        until = min(until, time.monotonic() + _GATHERS)
        while is_rung and any(hand.is_ending for hand in self._going()) and time.monotonic() < until:
            self._bell.wait(until - time.monotonic())
        return is_rung

    def rest(self, seconds: float) -> None:
        """Look at nothing for *seconds*, or until the bell rings."""
        self._bell.wait(seconds)

    def close(self) -> None:
        """Stop all steps and release their runs, for another worker or a later start."""
        for hand in self._hands.values():
            hand.stop(RunReason.STOPPED)
        until = time.monotonic() + _PATIENCE
        for hand in self._hands.values():
            hand.ended.wait(max(until - time.monotonic(), 0))
        self._is_closed.set()
        self._crew.dismiss()
        self._bell.close()
        if self._heart is not None:
            self._heart.join(_PATIENCE)

    def _take_over(self) -> None:
        """Take over runs of silent workers; the clocks of two machines are never compared."""
        others = {
            pk: (fence, until)
            for pk, work, fence, until in _RUNNING.rows()
            if work in self._works and pk not in self._hands
        }
        silent = self._silences.look(others)
        for run in Run.objects.filter(pk__in=silent) if silent else ():
            if len(self._hands) < self._most and (run.fence, run.leased_until) == others[run.pk]:
                asked_at = time.monotonic()
                taken = claim.take_over(run, self._works, self._holder, self._clock())
                if taken is not None:
                    self._start([taken], asked_at)

    def _claim(self, room: int, *, looks_first: bool) -> None:
        """Claim waiting runs; after a claim that took all the room there was, more are taken to wait."""
        asked_at, now = time.monotonic(), self._clock()
        taken = claim.claim_due(self._works, self._holder, now, room=room, looks_first=looks_first)
        self._has_more = 0 < len(taken) == room
        self._start(taken, asked_at)

    def _start(self, claims: Sequence[Claim], asked_at: float) -> None:
        hands = [self._hand(taken, asked_at) for taken in claims]
        # All before the first begins: it may end at once, and waits for others that are in progress.
        self._hands.update((hand.run_id, hand) for hand in hands)
        if hands and self._heart is None:
            self._heart = threading.Thread(target=self._beat_on, name="runs heartbeat", daemon=True)
            self._heart.start()
        for hand in hands:
            log.info("run_started", run=hand.run_id, work=hand.work.key, due=hand.claim.due_at.isoformat())
            self._crew.give(partial(self._do, hand))

    def _hand(self, taken: Claim, asked_at: float) -> Hand:
        work = self._works[taken.work]
        limit = time.monotonic() + work.timeout.total_seconds() if work.timeout else None
        return Hand(taken, work, self._clock, dict(taken.results), limit, self._output, confirmed_at=asked_at)

    def _going(self) -> Sequence[Hand]:
        """Return the runs that have not ended; any thread may ask."""
        return [hand for hand in list(self._hands.values()) if not hand.ended.is_set()]

    def _do(self, hand: Hand) -> None:
        try:
            reason = through(hand, self._endings)
            log.info("run_ended", run=hand.run_id, work=hand.work.key, outcome=reason)
        except Fenced:
            log.warning("late_result_refused", run=hand.run_id, work=hand.work.key, fence=hand.claim.fence)
        except Exception:
            # The thread's own boundary: the lease expires, and the run is resumed.
            log.exception("run_broke_off", run=hand.run_id, work=hand.work.key)
        finally:
            drop_broken_connections()
            hand.ended.set()
            self._bell.ring()

    def _beat_on(self) -> None:
        """Renew the leases, in a separate thread: neither planning nor claiming may delay a heartbeat."""
        while not self._is_closed.wait(BEAT):
            try:
                self._beat(self._going())
            except Exception as error:
                # The thread's own boundary: whatever went wrong, the next heartbeat must come.
                if not STATE.explains(error):
                    log.exception("heartbeat_missed")
                connections.close_all()
        connections.close_all()

    def _beat(self, hands: Sequence[Hand]) -> None:
        if not hands:
            return
        told = {hand.run_id: progress for hand in hands if (progress := hand.take_progress()) is not None}
        reasons = heartbeat.renew([hand.claim for hand in hands], self._clock(), told)
        for hand in hands:
            reason = reasons.get(hand.run_id)
            # A run whose end is being written is no longer held, and that is fine; if it is fenced
            # anyway, the write finds out.
            if reason is not None and not hand.is_ending:
                log.warning("run_to_stop", run=hand.run_id, work=hand.work.key, reason=reason)
                hand.stop(reason)


def through(hand: Hand, endings: Endings) -> RunReason:
    """Do the steps that are not finished yet, and end the run; may raise `Fenced`."""
    todo = [step for step in hand.work.steps if step.name not in hand.results]
    if hand.claim.asks:
        todo = [*asking(hand.work, todo, each_time=hand.claim.is_rerun)]
    last = None
    try:
        for step, then in zip_longest(todo, todo[1:]):
            is_needed = step.is_needed(hand)
            if is_needed and not _may_act(hand, step):
                return RunReason.AWAITING_APPROVAL
            last = _act(hand, step) if is_needed else LastStep(step.name, None, hand.clock())
            if then is not None:
                _keep(hand, last, then)
    except StepFailed as failure:
        return _fail(hand, failure)
    except StepPostponed as postponed:
        return _postpone(hand, postponed)
    hand.is_ending = True
    _insist(lambda: endings.write(Success(hand.claim, last)))
    return RunReason.SUCCEEDED


def _may_act(hand: Hand, step: Step) -> bool:
    if step.approval is None:
        return True
    hand.is_ending = True
    may_act = _insist(lambda: claim.has_consent(hand.claim, hand.work, step, hand.clock()))
    hand.is_ending = not may_act
    return may_act


def _act(hand: Hand, step: Step) -> LastStep:
    stop = hand.why_stop()
    if stop is not None:
        raise StepFailed(Message("runs.stopped-before-next-step"), stop)
    # A worker that wakes up from a freeze here must not begin what another is already doing.
    if time.monotonic() - hand.confirmed_at > SURE:
        _insist(lambda: claim.require(hand.claim))
    hand.step, began_at = step.name, hand.clock()
    hand.take_progress()
    # The order checked the parameters, too; since then the row may have been bound to something else.
    if why := why_refused(hand.parameters, hand.work.parameters):
        said = Message("runs.refused-parameters", why=why, choices=choices(hand.work.parameters))
        raise StepFailed(said, RunReason.NOT_RUNNABLE)
    try:
        return LastStep(step.name, _storable(step.act(hand)), began_at)
    except (StepFailed, StepPostponed):
        raise
    except Exception as error:
        # A step may be anything; whatever it raises is the run's failure, not the worker's.
        log.exception("step_broke", run=hand.run_id, work=hand.work.key, step=step.name)
        raise StepFailed(plain(f"{type(error).__name__}: {error}")) from error
    finally:
        hand.note_left_out()


def _storable(result: object) -> object:
    """Return *result* as JSON that every state database can store, or raise `TypeError` or `ValueError`."""
    result = result.as_json() if isinstance(result, Message) else result
    if "\\u0000" in json.dumps(result, allow_nan=False):
        raise ValueError("the step's result holds a NUL character")
    return result


def _keep(hand: Hand, done: LastStep, then: Step) -> None:
    asked_at = time.monotonic()
    _insist(
        lambda: claim.keep(
            hand.claim, done.name, done.result, began_at=done.began_at, now=hand.clock(), then=then.name
        )
    )
    hand.results[done.name], hand.confirmed_at = done.result, asked_at


def _fail(hand: Hand, failure: StepFailed) -> RunReason:
    if failure.reason is RunReason.FENCED:
        raise Fenced(message_of(failure)) from failure
    hand.is_ending = True
    if failure.reason in _RELEASING:
        _insist(lambda: claim.release(hand.claim, failure.reason, hand.clock()))
    else:
        error = Message("runs.in-step", step=hand.step, said=_words(failure, hand.work))
        _insist(lambda: claim.fail(hand.claim, hand.work, failure.reason, error, hand.clock()))
    return failure.reason


def _postpone(hand: Hand, postponed: StepPostponed) -> RunReason:
    hand.is_ending = True
    _insist(
        lambda: claim.release(
            hand.claim, RunReason.POSTPONED, hand.clock(), until=postponed.until, why=postponed.why
        )
    )
    return RunReason.POSTPONED


def _insist[T](write: Callable[[], T]) -> T:
    """Retry *write* until the state database accepts it: the result of a step must not be lost."""
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            if not STATE.explains(error):
                log.warning("run_waits_for_state", reason=str(error))
            connections.close_all()
            time.sleep(_STATE_AGAIN)


def _words(failure: StepFailed, work: Work) -> Message:
    if failure.reason is RunReason.TIMED_OUT and work.timeout is not None:
        return Message("runs.past-time-limit", seconds=work.timeout.total_seconds())
    return message_of(failure)


def _as_text(line: Message | str) -> str:
    """Return *line* as the telemetry store keeps it, which has only text."""
    return line if isinstance(line, str) else line.in_language(DOCUMENTS_LANGUAGE)
