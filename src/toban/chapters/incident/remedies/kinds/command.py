"""A command of the team's own, on this machine."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from toban.chapters.incident.remedies.commanded import ByCommand, CommandedRemedy
from toban.chapters.incident.remedies.remedy import RemedyKind, RemedySite
from toban.engine.bindings.section import beside_the_bindings
from toban.engine.trial import Doubt


class CommandRemedy(ByCommand):
    """`kind = "command"`: whatever the team mends it with already."""

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {"command": ["bin/restart", "{target}"]}

    folder: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """Where the commands run; None: in the folder of `toban.toml`."""


def opened(config: CommandRemedy, site: RemedySite) -> CommandedRemedy:
    """Return the remedy."""
    # Imported late: code that only reads the bindings need not wait for it.
    from toban.engine.runs.commands.here import Here  # noqa: PLC0415

    return CommandedRemedy(config, Here(config.folder or site.folder))


def doubts(config: CommandRemedy, site: RemedySite) -> Iterable[Doubt]:
    """Return why its commands can't be started."""
    return opened(config, site).doubts()


def bound(config: CommandRemedy) -> str:
    """Return the command."""
    return " ".join(config.command)


KIND = RemedyKind(config=CommandRemedy, open=opened, doubts=doubts, bound=bound)
