"""One command on many hosts: all at once, one after another, or a share at a time."""

import queue
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from toban.engine.runs.commands.filling import Act
from toban.engine.runs.rules import HostState, RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.message import NOTHING, Message, message_of, plain

_HEARD = 1000
"""Reports that wait to be written; then a host's command waits for its log."""

log = structlog.get_logger(__name__)

type _Report = Callable[[RunTurn], None]


@dataclass(frozen=True, slots=True)
class OnHosts:
    """Does the same on several hosts; it succeeds only if it succeeds on all of them.

    A retry leaves out those on which it has succeeded already.
    """

    acts: Mapping[str, Act]
    """A host → what is done there, in the order of their turns."""
    at_once: int
    """On how many hosts it may be in progress."""
    goes_on: bool
    """Whether more hosts begin after it failed on one."""

    def __call__(self, turn: RunTurn) -> Message:
        """Do it on all hosts that have not succeeded yet, and say on which; or raise `StepFailed`."""
        work = _HostsWork(self, turn)
        work.run()
        if (stop := turn.why_stop()) is not None and len(work.done) < len(self.acts):
            raise StepFailed(Message("runs.stopped-midway"), stop)
        if work.failed or work.waiting:
            raise StepFailed(work.failure(), work.reason())
        return Message("runs.done-on-hosts", hosts=tuple(self.acts))


@dataclass
class _HostsWork:
    """The hosts in progress. Only the step's own thread writes: those of the hosts report to it."""

    plan: OnHosts
    turn: RunTurn
    waiting: deque[str] = field(init=False)
    running: set[str] = field(default_factory=set, init=False)
    done: set[str] = field(init=False)
    failed: dict[str, StepFailed] = field(default_factory=dict, init=False)
    _percents: dict[str, float] = field(default_factory=dict, init=False)
    _reports: queue.Queue[_Report] = field(default_factory=lambda: queue.Queue(_HEARD), init=False)

    def __post_init__(self) -> None:
        self.done = set(self.turn.finished_hosts()) & self.plan.acts.keys()
        self.waiting = deque(name for name in self.plan.acts if name not in self.done)

    def run(self) -> None:
        for name in self.waiting:
            self.turn.on_host(name, HostState.WAITING)
        while self.running or self._may_begin():
            while self._may_begin() and len(self.running) < self.plan.at_once:
                self._begin(self.waiting.popleft())
            self._reports.get()(self.turn)

    def _may_begin(self) -> bool:
        is_held_up = (self.failed and not self.plan.goes_on) or self.turn.why_stop() is not None
        return bool(self.waiting) and not is_held_up

    def _begin(self, name: str) -> None:
        self.running.add(name)
        self.turn.on_host(name, HostState.RUNNING)
        threading.Thread(target=self._act, args=(name,), name=f"host {name}", daemon=True).start()

    def _act(self, name: str) -> None:
        """Do it on one host, in a thread of its own, and report how it ended."""
        failure = None
        try:
            self.plan.acts[name](_HostTurn(self.turn, name, self._reports.put, self._progress))
        except StepFailed as error:
            failure = error
        except Exception as error:
            # The thread's own boundary: without an end, the step would wait for it forever.
            log.exception("host_broke", host=name)
            failure = StepFailed(plain(f"{type(error).__name__}: {error}"))
        self._reports.put(lambda _turn: self._end(name, failure))

    def _end(self, name: str, failure: StepFailed | None) -> None:
        self.running.discard(name)
        if failure is None:
            self.done.add(name)
            self.turn.on_host(name, HostState.DONE)
        else:
            self.failed[name] = failure
            self.turn.on_host(name, HostState.FAILED, message_of(failure))
        self._tell()

    def _progress(self, name: str, percent: float | None, text: Message | str) -> None:
        if percent is not None:
            self._percents[name] = percent
        self._tell(Message("runs.on-host", host=name, said=text) if text else NOTHING)

    def _tell(self, said: Message = NOTHING) -> None:
        """Report how far all hosts are together."""
        parts = sum(self._percents.get(name, 0) for name in self.running) / 100
        total = len(self.plan.acts)
        percent = 100 * (len(self.done) + len(self.failed) + parts) / total
        ended = Message("runs.hosts-ended", ended=len(self.done) + len(self.failed), total=total)
        self.turn.progress(percent, said or ended)

    def failure(self) -> Message:
        """Say where it failed and why, each reason once, and where it did not begin."""
        hosts: dict[Message, list[str]] = defaultdict(list)
        for name, error in self.failed.items():
            hosts[message_of(error)].append(name)
        failed = tuple(Message("runs.on-host", host=names, said=why) for why, names in hosts.items())
        said = Message("runs.failed-on-hosts", failed=failed, total=len(self.plan.acts))
        return Message("runs.and-not-begun", said=said, hosts=tuple(self.waiting)) if self.waiting else said

    def reason(self) -> RunReason:
        """Return why it failed: a retry is useless only if it is so on each host that failed."""
        reasons = {error.reason for error in self.failed.values()}
        return RunReason.NOT_RUNNABLE if reasons == {RunReason.NOT_RUNNABLE} else RunReason.FAILED


@dataclass(frozen=True, slots=True)
class _HostTurn:
    """A turn as one host has it: what it reports is written by the step's own thread, with its name."""

    turn: RunTurn
    host: str
    report: Callable[[_Report], None]
    how_far: Callable[[str, float | None, Message | str], None]

    @property
    def run_id(self) -> int:
        return self.turn.run_id

    @property
    def due_at(self) -> datetime:
        return self.turn.due_at

    @property
    def parameters(self) -> Mapping[str, str]:
        return self.turn.parameters

    @property
    def results(self) -> Mapping[str, object]:
        return self.turn.results

    def say(self, text: Message | str) -> None:
        said: Message | str
        if isinstance(text, Message):
            said = Message("runs.on-host", host=self.host, said=text)
        else:
            said = "\n".join(f"{self.host}: {line}" for line in text.splitlines())
        self.report(lambda turn: turn.say(said))

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        self.report(lambda _turn: self.how_far(self.host, percent, text))

    def finished_hosts(self) -> Collection[str]:
        return ()

    def on_host(self, name: str, state: HostState, note: Message = NOTHING) -> None:
        self.report(lambda turn: turn.on_host(name, state, note))

    def why_stop(self) -> RunReason | None:
        return self.turn.why_stop()
