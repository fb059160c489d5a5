"""A command with the parameters of its run: places in its arguments filled, secrets revealed and hidden."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.runs.rules import HostState, RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.message import NOTHING, Message, message_of

PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
"""A place for the value of a parameter."""

_WHOLE = re.compile(r"[\w./:@=,+-]*\{[a-z][a-z0-9_]*\}")
_CODE = re.compile(r"-[A-Za-z]*[ceE]|--(?:command|eval|exec|execute)")
"""An option after which programs expect code: `sh -c`, `bash -lc`, `perl -e`."""

_SHORTEST_HIDDEN = 4
_HIDDEN = "…"


type Act = Callable[[RunTurn], object]
"""What a step does."""


@dataclass(frozen=True, slots=True)
class ParameterizedCommand:
    """A command with the run's parameters in the places of its arguments."""

    arguments: tuple[str, ...]
    """The program and its arguments, with places."""
    command: Callable[[tuple[str, ...]], Act]
    """Returns what runs an argument list without places."""
    names: frozenset[str]
    """The declared parameters: no other braces are places."""
    secrets: Mapping[str, Mapping[str, Secret]]
    """A parameter → the secrets that may be ordered for it, by name."""

    def __call__(self, turn: RunTurn) -> object:
        """Run to the end and return its result, or raise `StepFailed`."""
        given = turn.parameters
        try:
            revealed = {
                name: known[given[name]].reveal() for name, known in self.secrets.items() if name in given
            }
        except SecretUnavailable as missing:
            raise StepFailed(message_of(missing), RunReason.NOT_RUNNABLE) from missing
        if short := [name for name, value in revealed.items() if len(value.strip()) < _SHORTEST_HIDDEN]:
            said = Message("runs.secret-too-short-to-hide", names=short, length=_SHORTEST_HIDDEN)
            raise StepFailed(said, RunReason.NOT_RUNNABLE)
        arguments = tuple(self._filled(each, given) for each in self.arguments)
        return self.command(arguments)(_SecretTurn(turn, {**given, **revealed}, hidden_in(revealed)))

    def _filled(self, argument: str, given: Mapping[str, str]) -> str:
        # All places at once: what looks like a place in a value is none.
        return PLACE.sub(lambda place: given[place[1]] if place[1] in self.names else place[0], argument)


def is_argument(before: str, argument: str) -> bool:
    """Return whether the place in *argument* is a whole argument, or its end, and no part of code.

    *before* is the argument before it; empty for the program.
    """
    return bool(before) and not _CODE.fullmatch(before) and bool(_WHOLE.fullmatch(argument))


def hidden_in(revealed: Mapping[str, str]) -> Sequence[str]:
    """Return the lines of secrets, none of which may be shown; the longest first."""
    lines = {line for value in revealed.values() for line in value.splitlines()}
    return sorted((line for line in lines if len(line) >= _SHORTEST_HIDDEN), key=len, reverse=True)


@dataclass(frozen=True, slots=True)
class _SecretTurn:
    """A turn whose command knows secrets, and whose log does not."""

    turn: RunTurn
    parameters: Mapping[str, str]
    """The parameters, with the secrets themselves in place of their names."""
    hidden: Sequence[str]

    @property
    def run_id(self) -> int:
        return self.turn.run_id

    @property
    def due_at(self) -> datetime:
        return self.turn.due_at

    @property
    def results(self) -> Mapping[str, object]:
        return self.turn.results

    def say(self, text: Message | str) -> None:
        self.turn.say(self._shown(text))

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        self.turn.progress(percent, self._shown(text))

    def finished_hosts(self) -> Collection[str]:
        return self.turn.finished_hosts()

    def on_host(self, name: str, state: HostState, note: Message = NOTHING) -> None:
        self.turn.on_host(name, state, note)

    def why_stop(self) -> RunReason | None:
        return self.turn.why_stop()

    def _shown(self, text: Message | str) -> Message | str:
        if isinstance(text, Message):
            return text
        for part in self.hidden:
            text = text.replace(part, _HIDDEN)
        return text
