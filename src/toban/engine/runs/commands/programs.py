"""Whether a program can be started here, and whether others can change it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from toban.engine.editions.gate.exposure import others_who_write
from toban.engine.trial import Doubt
from toban.message import Message, plain


def unusable(program: str, folder: Path) -> Iterator[Doubt]:
    """Yield why *program* can't be started in *folder*, with this account and its PATH as they are now."""
    if "/" not in program:
        if shutil.which(program) is None:
            hint = Message("runs.write-absolute-path")
            yield (Message("runs.command-not-in-path", command=program), hint)
        return
    path = folder / Path(program)
    if not path.is_file():
        yield (Message("runs.no-such-file", file=path), Message("runs.place-or-correct-command"))
    elif not os.access(path, os.X_OK):
        yield (Message("runs.may-not-run", file=path), plain(f"chmod +x {path}"))
    elif said := others_who_write([path]):
        # The approval of a new version covers the command line, not what the program does.
        yield (Message("runs.others-write-the-program", why=said), Message("runs.close-the-program"))
