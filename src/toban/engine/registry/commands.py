"""A command of the `toban` line as it is registered: where it is, and what `toban --help` says of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command; nothing of it is loaded before somebody calls it."""

    module: str
    """The module that holds it as `command`."""
    help: str
    """What stands beside its name in `toban --help`."""
    needs_state: bool = True
    """Whether Django is made ready before the module is imported, so that it may import models."""
