"""What a chapter declares: a work, its steps, when it is due, and what to do when it fails."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from toban.design.values.schedule import Cadence, Schedule
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.bindings.model import System
from toban.engine.bindings.secret import Secret
from toban.engine.modes.rules import Mode
from toban.engine.runs.parameters import Parameters
from toban.engine.runs.rules import OVERDUE, CatchUp, HostState, RunReason
from toban.engine.tasks.rules import TaskTerms
from toban.message import NOTHING, Message

_ASSUMED = ApprovalTerms("運用責任者")
"""Who approves if the document names nobody."""


class StepFailed(Exception):
    """A step failed; the reason decides whether it is retried."""

    def __init__(self, message: Message, reason: RunReason = RunReason.FAILED) -> None:
        super().__init__(message)
        self.reason = reason


class StepPostponed(Exception):
    """A step must not go on before *until*: its run waits without a worker, and no attempt has failed."""

    def __init__(self, until: datetime, why: Message) -> None:
        super().__init__(why)
        self.until = until
        self.why = why


class RunTurn(Protocol):
    """What a step is given: its run, earlier results, and ways to report."""

    @property
    def run_id(self) -> int:
        """The run's number."""

    @property
    def due_at(self) -> datetime:
        """The due time that the run is for, even if the run is late."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters from the operator who ordered the run."""

    @property
    def results(self) -> Mapping[str, object]:
        """What the finished steps returned, by name."""

    def say(self, text: Message | str) -> None:
        """Write into the run's log: a message, or lines of text that another program wrote."""

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Report the step's progress: 0 to 100, or None if only *text* can say (`12,000 / 34,000 行`).

        Cheap, so call it as often as you like: the newest is written with the heartbeat, within two seconds.
        """

    def finished_hosts(self) -> Collection[str]:
        """Return the hosts on which an earlier attempt of the run has succeeded."""

    def on_host(self, name: str, state: HostState, note: Message = NOTHING) -> None:
        """Record how a step that does the same on several hosts stands on one of them."""

    def why_stop(self) -> RunReason | None:
        """Return why the step must end at once (fenced, cancelled, out of time), or None. Call it often."""


def _always(_turn: RunTurn) -> bool:
    return True


def _nobody(_parameters: Mapping[str, str]) -> Collection[int]:
    return ()


type Facts = tuple[tuple[Message, Message], ...]
"""Label and value pairs."""


def _nothing_found(_results: Mapping[str, object]) -> Facts:
    return ()


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a work that is not repeated once it is finished.

    If a worker dies between doing and recording a step, the step is repeated: its outside effects must allow
    that.
    """

    name: str
    act: Callable[[RunTurn], object]
    """Returns JSON or a `Message`, kept for the later steps, or raises `StepFailed` or `StepPostponed`.

    A message (or text) that the last step returns describes the result of the run: it is shown next to the
    clause.
    """
    approval: ApprovalTerms | None = None
    """What approval the step needs before it acts; None: nobody's.

    The run waits for it without a worker. An approval is valid for the run's retries, but not for the next
    run.
    """
    bound: str = ""
    """What the step does, as the bindings say it: those who approve it are shown this."""
    found: Callable[[Mapping[str, object]], Facts] = _nothing_found
    """What the results of the earlier steps say about it: those who approve it are shown this, and an
    approval holds for exactly this."""
    asks_each_time: bool = False
    """Whether an approval holds for one attempt only."""
    only_looks: bool = False
    """Whether it changes nothing: where the mode is to ask, that is done first, for those who are asked."""
    is_needed: Callable[[RunTurn], bool] = _always
    """Whether it has anything to do in this run: if not, it is passed over, and nobody is asked for it."""


@dataclass(frozen=True, slots=True)
class ElsewhereReporting:
    """How a work that is done elsewhere is reported."""

    token: Secret
    """The secret that a report must present."""
    within: timedelta
    """How long after the due time the first report may come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A work of the document. Two runs of it never overlap."""

    key: str
    clause_id: str
    document_digest: str
    acting_digest: str = ""
    """Of the bindings; see `Bindings.acting_digest`."""
    steps: tuple[Step, ...]
    schedule: Schedule
    system: System
    catch_up: CatchUp = CatchUp.ONCE
    timeout: timedelta | None = None
    """The longest that one attempt may take."""
    retry_delays: tuple[timedelta, ...] = ()
    reruns_next_day: bool = False
    """After the last failure, run once more a day after the due time."""
    depends_on: tuple[str, ...] = ()
    parameters: Parameters = ()
    """The parameters that an order of a run may give; everything else is refused."""
    start_grace: timedelta = OVERDUE
    """A run that has not started this long after its time is announced."""
    reported: ElsewhereReporting | None = None
    """Set for a work that is done elsewhere: it has no steps, and no worker ever claims it."""
    task: TaskTerms | None = None
    """Set for a task, which a person performs and signs off: it has no steps, and no worker claims it."""
    expected_within: timedelta | None = None
    """A run that takes longer is announced, and continues; None: only an unusually long run is announced."""
    trigger: Message = NOTHING
    """The condition under which Toban itself has it run, where that is no due time. See `triggered`."""
    mode: Mode = Mode.ACT
    """The declared mode of what its schedule, or its trigger, orders."""
    rerun: Mode = Mode.ACT
    """The declared mode of repeating a failed run."""
    asks: ApprovalTerms = _ASSUMED
    """Who approves it where its mode is to ask."""
    behind: Callable[[Mapping[str, str]], Collection[int]] = _nobody
    """Returns, by a run's parameters, the numbers of accounts that don't approve it, besides who ordered it.

    That is for conditions which people bring about: what a trigger orders is no less their own.
    """
    bound: str = ""
    """What it does, as the bindings say it."""
    conditions: tuple[str, ...] = ()
    """What the document says about what lets it run: a new version that says otherwise waits for approval."""
    announces_start: bool = False
    """Notify the notification matrix's 情報 row when a run begins."""
    announces_end: bool = False
    """Notify the notification matrix's 情報 row when a run succeeds; other ends are always announced."""

    @property
    def is_run_here(self) -> bool:
        """Whether a worker carries it out."""
        return self.reported is None and self.task is None

    @property
    def is_automatic(self) -> bool:
        """Whether Toban has it run by itself, not only when somebody orders it."""
        return bool(self.trigger) or self.schedule.cadence is not Cadence.ON_DEMAND

    @property
    def rule(self) -> str:
        """Schedule, zone and days off as text; it changes whenever the due times may change."""
        zone, system = self.schedule.zone or self.system.timezone, self.system
        words = [str(self.schedule), zone, system.holidays, *map(str, system.closed)]
        if any(each.cadence is Cadence.WEEKLY and each.every for each in self.schedule.each):
            words.append(f"{system.fortnight}")
        if any(each.cadence is Cadence.QUARTERLY for each in self.schedule.each):
            words.append(f"{system.quarters}")
        return " ".join(words)

    @property
    def timing(self) -> str:
        """The schedule in the document's own words, with its zone."""
        return f"{self.schedule.text or self.schedule} ({self.schedule.zone or self.system.timezone})"
