"""A batch that runs the user's own command."""

from collections.abc import Iterator

from toban.engine.runs.commands.command import LocalCommand
from toban.engine.runs.commands.declared import CommandBinding, declared, with_parameters
from toban.engine.runs.commands.programs import unusable
from toban.engine.runs.kinds import Site, WorkKind
from toban.engine.runs.work import Step
from toban.engine.trial import Doubt


class CommandBatch(CommandBinding):
    """`kind = "command"`, or no kind at all."""


def steps(config: CommandBatch, site: Site) -> tuple[Step, ...]:
    """Return the one step: the command, in the folder of `toban.toml`."""
    act = with_parameters(config, lambda arguments: LocalCommand(arguments, site.folder))
    return (Step("command", act),)


def doubts(config: CommandBatch, site: Site) -> Iterator[Doubt]:
    """Yield why the program can't be started, with this account and its PATH as they are now."""
    yield from unusable(config.command[0], site.folder)


KIND = WorkKind(CommandBatch, steps, doubts=doubts, declared=declared)
