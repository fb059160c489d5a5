"""What `toban` knows of a command before it is called."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command, imported only when it is called."""

    module: str
    """Holds one `command`."""
    help: str
    """What stands beside its name in `toban --help`."""
    needs_state: bool = True
    """Whether Django must be ready before the module is imported."""
