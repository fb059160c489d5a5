"""The commands that make a failure and mend it again."""

import time
from dataclasses import dataclass, field

import structlog

from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.engine.runs.commands.command import CommandHearer, LocalCommand
from toban.engine.runs.rules import RunReason
from toban.engine.runs.steps.hearing import PassedOn
from toban.engine.runs.work import RunTurn
from toban.message import NOTHING, Message

log = structlog.get_logger(__name__)


def run_command(planned: PlannedGameDay, command: tuple[str, ...], hearer: CommandHearer, run: int) -> None:
    """Run one of a fault's commands to its end; raises `StepFailed`."""
    told = {"GAME_DAY_RUN": str(run), "GAME_DAY_FAILURE": planned.row.name}
    limited = _Limited(hearer, planned.config.timeout.total_seconds())
    LocalCommand(command, planned.folder).run(limited, told)


@dataclass
class _Limited(PassedOn[CommandHearer]):
    """Ends a command when its time is over."""

    seconds: float
    _began: float = field(default_factory=time.monotonic)

    def why_stop(self) -> RunReason | None:
        is_late = time.monotonic() - self._began >= self.seconds
        return self.turn.why_stop() or (RunReason.TIMED_OUT if is_late else None)


class Mended(PassedOn[RunTurn]):
    """A turn that only a lost lease stops: what was begun is mended, even if its run is called off."""

    def why_stop(self) -> RunReason | None:
        """Return the reason only if another worker has the run, or this one ends."""
        reason = self.turn.why_stop()
        return reason if reason in (RunReason.FENCED, RunReason.STOPPED) else None


@dataclass(frozen=True, slots=True)
class Logged:
    """A hearer without a run: what a command writes goes to Toban's log."""

    failure: str

    def say(self, text: Message | str) -> None:
        """See `CommandHearer`."""
        log.info("game_day_command", failure=self.failure, said=str(text))

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Drop it."""

    def why_stop(self) -> RunReason | None:
        """See `CommandHearer`: only its own time ends it."""
        return None
