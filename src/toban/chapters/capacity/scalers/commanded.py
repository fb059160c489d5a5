"""The scaler of a group that commands of the team's own scale and count."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from toban.chapters.capacity.scaler import GroupSize, ScalingFailed
from toban.chapters.capacity.scalers.by_command import ByCommand, filled
from toban.engine.runs.commands.place import CommandPlace, NotAnswered, Refused, Silent
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.engine.trial import Doubt
from toban.message import Message, message_of

_LOOK = 5.0
"""Seconds between two counts."""
_AT_THE_END = 5.0
"""Seconds for the last count of a run that must end."""
_LONGEST_SAID = 200
_HIGHEST = 100_000


@dataclass(frozen=True, slots=True)
class CommandedScaler:
    """See `Scaler`."""

    config: ByCommand
    place: CommandPlace
    look: float = _LOOK

    def size(self) -> GroupSize:
        """See `Scaler`: what the command counts is all that is known."""
        count = self._count(self.config.count_within.total_seconds())
        return GroupSize(count, count)

    def resize(self, to: int, turn: RunTurn) -> None:
        """See `Scaler`. Counts first: a command that was cut off may have done its work."""
        if self.size().serving == to:
            turn.say(Message("capacity-scalers.has-it-already", count=to))
            return
        try:
            self.place.act(filled(self.config.resize, to))(turn)
        except StepFailed as failed:
            raise self._failed(failed, to, turn) from failed
        self._wait(to, turn)

    def close(self) -> None:
        """See `Scaler`: nothing is kept open."""

    def doubts(self) -> Iterator[Doubt]:
        """Yield what would keep it from scaling: programs that can't be started, or a count that fails."""
        programs = dict.fromkeys((self.config.resize[0], self.config.count[0]))
        found = [doubt for program in programs for doubt in self.place.doubts(program)]
        yield from found
        if not found:
            try:
                self.size()
            except ScalingFailed as failed:
                yield failed.doubt

    def _wait(self, to: int, turn: RunTurn) -> None:
        """Wait until as many as were ordered do their work."""
        while (count := self._counted_after()) != to:
            turn.progress(None, Message("capacity-scalers.in-service", serving=count, to=to))
            end = time.monotonic() + self.look
            while time.monotonic() < end:
                if (stop := turn.why_stop()) is not None:
                    said = Message("capacity-scalers.not-counted", to=to, count=count, reason=stop)
                    hint = Message("capacity-scalers.look-at-the-command", command=self.config.resize[0])
                    raise ScalingFailed(said, hint=hint, retry=True)
                time.sleep(min(0.2, self.look))

    def _counted_after(self) -> int:
        try:
            return self.size().serving
        except ScalingFailed as unknown:
            command, trouble = self.config.resize[0], message_of(unknown)
            said = Message("capacity-scalers.ended-and-unknown", command=command, trouble=trouble)
            raise ScalingFailed(said, retry=unknown.retry) from unknown

    def _failed(self, failed: StepFailed, to: int, turn: RunTurn) -> ScalingFailed:
        """Return what is to be said after the command failed: how many there are now."""
        why, retry = message_of(failed), failed.reason is not RunReason.NOT_RUNNABLE
        command = self.config.resize[0]
        if failed.reason is RunReason.FENCED:
            # Another worker is at it.
            return ScalingFailed(
                Message("capacity-scalers.command-failed", command=command, why=why), retry=True
            )
        within = self.config.count_within.total_seconds()
        try:
            count = self._count(within if turn.why_stop() is None else min(within, _AT_THE_END))
        except ScalingFailed as unknown:
            trouble = message_of(unknown)
            said = Message("capacity-scalers.size-unknown", command=command, why=why, trouble=trouble)
        else:
            said = Message("capacity-scalers.size-now", command=command, why=why, count=count, to=to)
        return ScalingFailed(
            said, hint=Message("capacity-scalers.look-at-the-command", command=command), retry=retry
        )

    def _count(self, within: float) -> int:
        try:
            said = self.place.ask(self.config.count, within)
        except NotAnswered as failed:
            raise _not_counted(self.config.count[0], failed, within) from failed
        lines = [line.strip() for line in said.splitlines()]
        last = next((line for line in reversed(lines) if line), "")
        if not (last.isascii() and last.isdecimal() and int(last) <= _HIGHEST):
            command = self.config.count[0]
            wrong = Message("capacity-scalers.no-number", command=command, said=last[:_LONGEST_SAID])
            raise ScalingFailed(wrong, hint=Message("capacity-scalers.write-a-number"))
        return int(last)


def _not_counted(command: str, failed: NotAnswered, within: float) -> ScalingFailed:
    match failed:
        case Silent():
            said = Message("capacity-scalers.count-silent", command=command, seconds=round(within))
        case Refused():
            words = failed.words[-_LONGEST_SAID:]
            said = Message("capacity-scalers.count-failed", command=command, why=failed.said, words=words)
        case _:
            said = failed.said
    return ScalingFailed(said, hint=failed.hint, retry=failed.retry)
