"""`toban init DOCUMENT`: a first toban.toml, with every question that the document leaves open."""

from pathlib import Path

import click

from toban.design.document_file import UnreadableDocument
from toban.design.reader import load_design
from toban.engine.bindings.draft import draft
from toban.engine.bindings.load import UnreadableBindings, declared_in
from toban.engine.editions.document_file import FileChanged
from toban.engine.registry.parts import Parts
from toban.faces.cli.document.output import write_output
from toban.faces.cli.document.reading import ReadingDialogue, is_asked_here
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, message_of

_UNUSABLE = 2


@click.command(
    "init",
    epilog="Example: toban init ops-design.md",
)
@click.argument("document", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Default: toban.toml next to the document.")
@click.option(
    "--yes",
    is_flag=True,
    help="Overwrite the file if it is there; with --reading, declare what is clear without asking.",
)
@click.option("--reading", is_flag=True, help="Ask what each unread table is, and keep the answers.")
@click.option(
    "--in-document", is_flag=True, help="With --reading: write the answers as comments into DOCUMENT itself."
)
@click.pass_obj
def command(
    parts: Parts, document: Path, output: Path | None, yes: bool, reading: bool, in_document: bool
) -> None:
    """Write a commented toban.toml for DOCUMENT, with a proposal for all that the document leaves open.

    The document does not say where to measure, who holds a role, where notifications go, what makes the
    backups and where logs are kept: the file asks for each of them.

    With --reading, ask instead what each table is that was not read, show what its rows would be, and write
    each answer into toban.toml at once. What is answered is not asked again. Where nobody can be asked, the
    proposals are printed.

    \b
    Exit status:
      0  written
      2  not written: the reason and a HINT are on the error stream
    """
    speak_utf8()
    path = output or document.with_name("toban.toml")
    if in_document and not reading:
        raise click.UsageError(str(Message("document.in-document-needs-reading")))
    if reading:
        _read_on(document, path, is_sure=yes, in_document=in_document)
        return
    try:
        design = load_design(document, declared_in(path))
    except UnreadableDocument as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_UNUSABLE) from exc
    except UnreadableBindings as exc:
        say(exc, err=True)
        raise SystemExit(_UNUSABLE) from exc
    tables = [table for each in parts.extensions for table in each.proposals(design, parts.kinds)]
    write_output(path, draft(design, tables), overwrites=yes)
    say(Message("document.bindings-written", file=path))


def _read_on(document: Path, bindings: Path, *, is_sure: bool, in_document: bool) -> None:
    try:
        dialogue = ReadingDialogue(document, bindings)
        if is_sure:
            dialogue.take_sure(in_document=in_document)
        elif is_asked_here():
            dialogue.ask(in_document=in_document)
        else:
            dialogue.propose()
    except UnreadableDocument as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_UNUSABLE) from exc
    except (UnreadableBindings, FileChanged) as exc:
        say(exc, err=True)
        raise SystemExit(_UNUSABLE) from exc
