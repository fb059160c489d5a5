"""The commands that make a failure and mend it again."""

import time
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.engine.runs.commands.command import CommandHearer, LocalCommand
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn
from toban.message import NOTHING, Message

log = structlog.get_logger(__name__)


class Heard(Protocol):
    """What hears a command: a turn, or a loop that mends without one."""

    def say(self, text: Message | str) -> None:
        """See `CommandHearer`."""

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """See `CommandHearer`."""

    def why_stop(self) -> RunReason | None:
        """See `CommandHearer`."""


def run_command(planned: PlannedGameDay, command: tuple[str, ...], hearer: Heard, run: int) -> None:
    """Run one of a fault's commands to its end; raises `StepFailed`."""
    told = {"GAME_DAY_RUN": str(run), "GAME_DAY_FAILURE": planned.row.name}
    limited = _Limited(hearer, planned.config.timeout.total_seconds())
    LocalCommand(command, planned.folder).run(limited, told)


@dataclass
class _Limited:
    """Ends a command when its time is over."""

    hearer: CommandHearer
    seconds: float
    _began: float = field(default_factory=time.monotonic)

    def say(self, text: Message | str) -> None:
        self.hearer.say(text)

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        self.hearer.progress(percent, text)

    def why_stop(self) -> RunReason | None:
        is_late = time.monotonic() - self._began >= self.seconds
        return self.hearer.why_stop() or (RunReason.TIMED_OUT if is_late else None)


@dataclass(frozen=True, slots=True)
class Mended:
    """A turn that only a lost lease stops: what was begun is mended, even if its run is called off."""

    turn: RunTurn

    def say(self, text: Message | str) -> None:
        """See `Heard`."""
        self.turn.say(text)

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """See `Heard`."""
        self.turn.progress(percent, text)

    def why_stop(self) -> RunReason | None:
        """Return the reason only if another worker has the run, or this one ends."""
        reason = self.turn.why_stop()
        return reason if reason in (RunReason.FENCED, RunReason.STOPPED) else None


@dataclass(frozen=True, slots=True)
class Logged:
    """A hearer without a run: what a command writes goes to Toban's log."""

    failure: str

    def say(self, text: Message | str) -> None:
        """See `Heard`."""
        log.info("game_day_command", failure=self.failure, said=str(text))

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Drop it."""

    def why_stop(self) -> RunReason | None:
        """See `Heard`: only its own time ends it."""
        return None
