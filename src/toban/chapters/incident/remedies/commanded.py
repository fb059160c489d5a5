"""A remedy that is a command of the team's own, wherever it runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from toban.chapters.incident.bindings import RemedyBinding
from toban.chapters.incident.remedies.remedy import Rehearsal, RemedyFailed
from toban.engine.bindings.section import invalid
from toban.engine.bindings.values import Length
from toban.engine.runs.commands.filling import PLACE, ParameterizedCommand, is_argument
from toban.engine.runs.commands.place import CommandPlace, NotAnswered
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.engine.trial import Doubt
from toban.message import Message, message_of

PLACES = frozenset({"target", "instance"})
_LONGEST_SAID = 500


class ByCommand(RemedyBinding):
    """A command that mends; no shell reads it."""

    command: tuple[str, ...] = Field(min_length=1)
    """The command. `{target}` and `{instance}` say what the alert is about. It may be repeated."""
    rehearsal: tuple[str, ...] = ()
    """A command that writes what `command` would do now, and changes nothing."""
    rehearsal_within: Length = timedelta(minutes=1)
    """The longest that `rehearsal` may take."""

    @model_validator(mode="after")
    def _places_are_arguments(self) -> Self:
        for command in filter(None, (self.command, self.rehearsal)):
            for before, argument in zip(("", *command), command, strict=False):
                wrong = PLACES.intersection(PLACE.findall(argument))
                if wrong and not is_argument(before, argument):
                    name = min(wrong)
                    hint = Message("runs.read-it-from-the-environment", variable=f"BATCH_{name.upper()}")
                    raise invalid(Message("runs.place-is-not-an-argument", name=name), hint)
        return self

    @property
    def needs_instance(self) -> bool:
        """Whether a command has a place for the instance."""
        return any("instance" in PLACE.findall(each) for each in (*self.command, *self.rehearsal))


@dataclass(frozen=True, slots=True)
class CommandedRemedy:
    """See `Remedy`."""

    config: ByCommand
    place: CommandPlace

    def rehearse(self, turn: RunTurn) -> Rehearsal:
        """See `Remedy`: what `rehearsal` says, or else that the command is there."""
        command = self._filled(self.config.command, turn)
        if doubt := next(self.place.doubts(command[0]), None):
            raise RemedyFailed(doubt)
        if not self.config.rehearsal:
            return Rehearsal(Message("incident-remedies.would-run", command=" ".join(command)))
        asked = self._filled(self.config.rehearsal, turn)
        try:
            said = self.place.ask(asked, self.config.rehearsal_within.total_seconds())
        except NotAnswered as failed:
            raise _not_rehearsed(asked[0], failed) from failed
        return Rehearsal(Message("incident-remedies.would-do", said=said.strip()[-_LONGEST_SAID:]))

    def apply(self, turn: RunTurn, _facts: Mapping[str, object]) -> Message:
        """See `Remedy`."""
        self._require_instance(turn)
        try:
            ParameterizedCommand(self.config.command, self.place.act, self._places(turn), {})(turn)
        except StepFailed as failed:
            if failed.reason is RunReason.FENCED:
                raise
            command, retry = self.config.command[0], failed.reason is not RunReason.NOT_RUNNABLE
            said = Message("incident-remedies.command-failed", command=command, why=message_of(failed))
            raise RemedyFailed(said, retry=retry) from failed
        return Message("incident-remedies.ran", command=" ".join(self._filled(self.config.command, turn)))

    def doubts(self) -> Iterator[Doubt]:
        """Yield what would keep it from working: programs that can't be started."""
        programs = dict.fromkeys(each[0] for each in (self.config.command, self.config.rehearsal) if each)
        for program in programs:
            yield from self.place.doubts(program)

    def _filled(self, command: tuple[str, ...], turn: RunTurn) -> tuple[str, ...]:
        self._require_instance(turn)
        given, names = turn.parameters, self._places(turn)
        return tuple(
            PLACE.sub(lambda place: given[place[1]] if place[1] in names else place[0], each)
            for each in command
        )

    def _require_instance(self, turn: RunTurn) -> None:
        if self.config.needs_instance and "instance" not in turn.parameters:
            hint = Message("incident-remedies.name-the-instance")
            raise RemedyFailed(Message("incident-remedies.which-instance"), hint=hint)

    @staticmethod
    def _places(turn: RunTurn) -> frozenset[str]:
        return PLACES.intersection(turn.parameters)


def _not_rehearsed(command: str, failed: NotAnswered) -> RemedyFailed:
    said = Message(
        "incident-remedies.rehearsal-failed",
        command=command,
        why=failed.said,
        words=failed.words[-_LONGEST_SAID:],
    )
    return RemedyFailed(said, hint=failed.hint, retry=failed.retry)
