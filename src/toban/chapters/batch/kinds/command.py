"""A batch that is a command of the user's own."""

from pydantic import Field

from toban.engine.bindings.model import BatchBinding
from toban.engine.runs.command import Command
from toban.engine.runs.kinds import Site, WorkKind
from toban.engine.runs.work import Step


class CommandBatch(BatchBinding):
    """`kind = "command"`, or no kind at all."""

    command: tuple[str, ...] = Field(min_length=1)
    """The program and its arguments; no shell reads them."""


def steps(config: CommandBatch, site: Site) -> tuple[Step, ...]:
    """Return the one step: the command, in the folder of `toban.toml`."""
    return (Step("command", Command(config.command, site.folder)),)


KIND = WorkKind(CommandBatch, steps)
