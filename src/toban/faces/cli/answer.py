"""The result of a command, for people and for machines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from toban.engine.registry.parts import Parts
from toban.message import Message


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """The same result twice: lines for the terminal, and values for `--format json`."""

    lines: tuple[Message | str, ...]
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Why:
    """How an extension answers `toban why`."""

    answer: Callable[[Parts, str], CommandAnswer | None]
    """Answers for exactly the given name; None if there is no such name."""
    known: Callable[[Parts], Message | str]
    """Lists the known names, for a question about an unknown one."""
