"""What a command has found out, for people and for machines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from toban.engine.registry.parts import Parts


@dataclass(frozen=True, slots=True)
class Answer:
    """The same twice: lines for the terminal, and values for `--format json`."""

    lines: tuple[str, ...]
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Why:
    """What `toban why` knows by an extension."""

    answer: Callable[[Parts, str], Answer | None]
    """Answers about exactly the name that is asked for; None where there is none such."""
    known: Callable[[Parts], str]
    """Says which names there are, for those who asked for another."""
