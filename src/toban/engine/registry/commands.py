"""A registered `toban` command: its module, and its line in `toban --help`."""

from dataclasses import dataclass

from toban.message import Message


@dataclass(frozen=True, slots=True)
class Command:
    """One command; its module is only loaded when it is called."""

    module: str
    """The module that defines it as `command`."""
    help: Message
    """The text next to its name in `toban --help`."""
    needs_state: bool = True
    """Whether Django is set up before the module is imported, so that the module may import models."""
