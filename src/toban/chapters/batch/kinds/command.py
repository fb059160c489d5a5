"""A batch that runs the user's own command."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from toban.engine.runs.commands.command import LocalCommand
from toban.engine.runs.kinds import BatchBinding, Site, WorkKind
from toban.engine.runs.work import Step


class CommandBatch(BatchBinding):
    """`kind = "command"`, or no kind at all."""

    command: tuple[str, ...] = Field(min_length=1)
    """The program and its arguments; no shell reads them."""


def steps(config: CommandBatch, site: Site) -> tuple[Step, ...]:
    """Return the one step: the command, in the folder of `toban.toml`."""
    return (Step("command", LocalCommand(config.command, site.folder)),)


def doubts(config: CommandBatch, site: Site) -> Iterator[str]:
    """Yield why the program can't be started, with this account and its PATH as they are now."""
    program = config.command[0]
    if "/" not in program:
        if shutil.which(program) is None:
            hint = "絶対パスで書くか、Toban の PATH に入れてください"
            yield f"「{program}」というコマンドが PATH にありません\nHINT: {hint}"
        return
    path = site.folder / Path(program)
    if not path.is_file():
        yield f"{path} がありません\nHINT: そこに置くか、command を書き直してください"
    elif not os.access(path, os.X_OK):
        yield f"{path} を実行する権限がありません\nHINT: chmod +x {path}"


KIND = WorkKind(CommandBatch, steps, doubts=doubts, parameters=None)
