"""A batch that runs the user's own command."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from toban.engine.editions.gate.exposure import others_who_write
from toban.engine.runs.commands.command import LocalCommand
from toban.engine.runs.commands.declared import CommandBinding, declared, with_parameters
from toban.engine.runs.kinds import Site, WorkKind
from toban.engine.runs.work import Step
from toban.engine.trial import Doubt
from toban.message import Message, plain


class CommandBatch(CommandBinding):
    """`kind = "command"`, or no kind at all."""


def steps(config: CommandBatch, site: Site) -> tuple[Step, ...]:
    """Return the one step: the command, in the folder of `toban.toml`."""
    act = with_parameters(config, lambda arguments: LocalCommand(arguments, site.folder))
    return (Step("command", act),)


def doubts(config: CommandBatch, site: Site) -> Iterator[Doubt]:
    """Yield why the program can't be started, with this account and its PATH as they are now."""
    program = config.command[0]
    if "/" not in program:
        if shutil.which(program) is None:
            hint = Message("batch.write-absolute-path")
            yield (Message("batch.command-not-in-path", command=program), hint)
        return
    path = site.folder / Path(program)
    if not path.is_file():
        yield (Message("batch.no-such-file", file=path), Message("batch.place-or-correct-command"))
    elif not os.access(path, os.X_OK):
        yield (Message("batch.may-not-run", file=path), plain(f"chmod +x {path}"))
    elif said := others_who_write([path]):
        # The approval of a new version covers the command line, not what the program does.
        yield (Message("batch.others-write-the-program", why=said), Message("batch.close-the-program"))


KIND = WorkKind(CommandBatch, steps, doubts=doubts, declared=declared)
