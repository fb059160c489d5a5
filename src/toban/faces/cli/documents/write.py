"""`toban documents write`: the documents that Toban writes itself, to the terminal or into a folder."""

from pathlib import Path

import click
from django.conf import settings

from toban.catalogue import active_language
from toban.chapters.documents.written.kinds import WrittenKind, edition_mark, files_of
from toban.chapters.documents.written.standing import standing_at
from toban.chapters.documents.written.writing import NotWritten, write
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, message_of

_NOT_WRITTEN = 1
_OWNER = "toban documents write"


@click.command("write", epilog="Example: toban documents write diagram --output /srv/documents")
@click.argument("name", type=click.Choice([each.value for each in WrittenKind]), required=False)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The folder to write into; by default everything is written to the terminal.",
)
@click.option("--language", type=click.Choice(["ja", "en"]), help="The language of what Toban says in it.")
@click.pass_obj
def command(parts: Parts, name: str | None, output: Path | None, language: str | None) -> None:
    """Write the system diagram, the procedures, the incident guide and the contacts, as they are in force.

    A file that somebody has edited, or that another entry of toban.toml writes, is not overwritten.

    \b
    Exit status:
      0  written, or the same already
      1  a file could not be written
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    kinds = [WrittenKind(name)] if name else list(WrittenKind)
    spoken = language or active_language()
    with usable_state():
        edition = edition_of(parts)
        standing = standing_at(edition, settings.PARTS.ports, system_clock())
        found = {
            each: files_of(each, edition, settings.PARTS.operations, spoken, standing=standing)
            for each in kinds
        }
    is_refused = False
    for files in found.values():
        if output is None:
            say(next(iter(files.values())))
            continue
        try:
            written = write(output, files, edition_mark(edition), _OWNER)
        except NotWritten as why:
            refuse(message_of(why), Message("documents-written.then-again"))
            is_refused = True
            continue
        for file in files:
            code = "file-written" if file in written else "file-same"
            say(Message(f"documents-written.{code}", file=str(output / file)))
    if is_refused:
        raise SystemExit(_NOT_WRITTEN)
