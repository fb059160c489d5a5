"""`toban status export`: the public page as files."""

from pathlib import Path

import click

from toban.chapters.objectives.bindings import STATUS
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message

_NOT_WRITTEN = 1


@click.command(
    "export",
    short_help="Write the public page into a folder.",
    epilog="Example: toban status export /srv/www/status",
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def command(parts: Parts, folder: Path) -> None:
    """Write the public page of [status], in both languages and as JSON, into FOLDER.

    The files hold only what [status] of the bindings names, without scripts or references to other sites.
    Existing files are replaced, and readers never see a half-written one: call it regularly from a batch.

    \b
    Exit status:
      0  written
      1  there is no [status], or the folder can't be written
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    # `toban status` sets up Django for its --home: modules that need Django are imported after that.
    from toban.faces.cli.kept import edition_of  # noqa: PLC0415
    from toban.faces.public.page import files  # noqa: PLC0415

    with usable_state():
        edition = edition_of(parts)
        status = STATUS.of(edition.bindings)
        if status is None:
            hint = Message("objectives.write-status", file=edition.bindings.file)
            refuse(Message("objectives.nothing-to-publish"), hint)
            raise SystemExit(_NOT_WRITTEN)
        written = files(edition, status, system_clock())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in written.items():
            _replace(folder / name, content)
    except OSError as exc:
        unwritable = Message("objectives.folder-not-writable", folder=folder, reason=exc.strerror)
        refuse(unwritable, Message("objectives.name-writable-folder"))
        raise SystemExit(_NOT_WRITTEN) from exc
    say(Message("objectives.published", folder=folder, files=tuple(written)))


def _replace(path: Path, content: bytes) -> None:
    """Write *content* atomically: a reader of *path* gets the old content or the new, never a part."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)
