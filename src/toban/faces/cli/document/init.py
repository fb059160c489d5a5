"""`toban init DOCUMENT`: a first toban.toml, with every question that the document leaves open."""

from pathlib import Path

import click

from toban.design.reader import UnreadableDocument, load_design
from toban.engine.bindings.draft import draft
from toban.engine.bindings.load import UnreadableBindings, declared_in
from toban.engine.registry.parts import Parts
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, message_of

_UNUSABLE = 2


@click.command(
    "init",
    epilog="Example: toban init ops-design.md",
)
@click.argument("document", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Default: toban.toml next to the document.")
@click.option("--yes", is_flag=True, help="Overwrite the file if it is there.")
@click.pass_obj
def command(parts: Parts, document: Path, output: Path | None, yes: bool) -> None:
    """Write a commented toban.toml for DOCUMENT, with a proposal for all that the document leaves open.

    The document does not say where to measure, who holds a role, where notifications go, what makes the
    backups and where logs are kept: the file asks for each of them.

    \b
    Exit status:
      0  written
      2  not written: the reason and a HINT are on the error stream
    """
    speak_utf8()
    path = output or document.with_name("toban.toml")
    try:
        design = load_design(document, declared_in(path))
    except UnreadableDocument as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_UNUSABLE) from exc
    except UnreadableBindings as exc:
        say(exc, err=True)
        raise SystemExit(_UNUSABLE) from exc
    tables = [table for each in parts.extensions for table in each.proposals(design, parts.kinds)]
    _write(path, draft(design, tables), overwrite=yes)
    say(Message("document.bindings-written", file=path))


def _write(path: Path, text: str, *, overwrite: bool) -> None:
    try:
        with path.open("w" if overwrite else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as exc:
        refuse(Message("document.file-exists", file=path), Message("document.overwrite-or-write-elsewhere"))
        raise SystemExit(_UNUSABLE) from exc
    except OSError as exc:
        refuse(
            Message("document.file-not-writable", file=path, error=exc.strerror),
            Message("document.name-writable-file"),
        )
        raise SystemExit(_UNUSABLE) from exc
