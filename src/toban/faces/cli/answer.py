"""What a command has found out, for people and for machines."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """The same twice: lines for the terminal, and values for `--format json`."""

    lines: tuple[str, ...]
    values: Mapping[str, object]
