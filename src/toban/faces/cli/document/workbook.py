"""`toban import FILE.xlsx`: a design that is a workbook so far, as the Markdown that Toban reads."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from toban.design.document_file import UnreadableDocument
from toban.design.reader import Design, read_design
from toban.engine.workbooks.admission import UnreadableWorkbook
from toban.engine.workbooks.sheets import SheetNote
from toban.engine.workbooks.writing import WrittenBook, written
from toban.faces.cli.document.output import write_output
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, message_of, sentences
from toban.text import printable_json

_SOME_LEFT = 1
_UNUSABLE = 2


@click.command("import", epilog="Example: toban import ops-design.xlsx --output ops-design.md")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Write the Markdown to this file.")
@click.option("--yes", is_flag=True, help="With --output: overwrite the file if it is there.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(file: Path, output: Path | None, yes: bool, form: str) -> None:
    """Turn the workbook FILE (.xlsx, .xlsm) into Markdown, the same each time.

    Each sheet becomes a chapter, each table a table. What is not carried over is listed with its sheet and
    cell on the error stream: hidden rows, comments, pictures, text that is struck through. Values are
    those that the sheet shows. Nothing is calculated, run or fetched.

    \b
    Exit status:
      0  everything is carried over
      1  something is not: each is listed with the reason; or Toban can't read the result
      2  the file can't be read, or a file is in the way
    """
    speak_utf8()
    if output is not None and output.exists() and output.samefile(file):
        refuse(Message("workbooks.output-is-the-workbook", file=output), Message("workbooks.name-another"))
        raise SystemExit(_UNUSABLE)
    book = _read(file)
    target = output or file.with_suffix(".md")
    result = _result(book, target)
    if output is not None:
        write_output(output, book.markdown, overwrites=yes)
    if form == "json":
        say(_as_json(book, result))
    else:
        if output is None:
            say(book.markdown.removesuffix("\n"))
        say("\n".join(_as_text(book, result, target)), err=True)
    is_whole = not book.left and isinstance(result, Design)
    raise SystemExit(0 if is_whole else _SOME_LEFT)


def _read(file: Path) -> WrittenBook:
    # Not at the top: its library is slow to load, and the help needs none of it.
    from toban.engine.workbooks.reading import read_workbook  # noqa: PLC0415

    try:
        return written(read_workbook(file))
    except UnreadableWorkbook as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_UNUSABLE) from exc


def _result(book: WrittenBook, target: Path) -> Design | UnreadableDocument:
    try:
        return read_design(book.markdown, str(target))
    except UnreadableDocument as flaw:
        return flaw


def _as_text(book: WrittenBook, result: Design | UnreadableDocument, target: Path) -> Iterator[str]:
    yield from _listed(Message("workbooks.not-carried", count=len(book.left)), book.left)
    yield from _listed(Message("workbooks.carried-otherwise", count=len(book.altered)), book.altered)
    if not book.left:
        yield str(Message("workbooks.all-carried"))
    if isinstance(result, UnreadableDocument):
        yield f"{message_of(result)}\nHINT: {result.hint}"
        return
    read = Message("document.rows-read", count=result.rows, read=result.read)
    yield str(sentences(read, Message("workbooks.then-check", file=target)))


def _listed(title: Message, notes: Sequence[SheetNote]) -> Iterator[str]:
    if not notes:
        return
    yield str(title)
    # A hidden sheet may have thousands of cells: what is said of all of them is said once.
    alike: dict[tuple[str, Message], list[SheetNote]] = {}
    for note in notes:
        alike.setdefault((note.sheet, note.why), []).append(note)
    for (sheet, why), group in alike.items():
        yield f"{sheet}: {why}" if sheet else str(why)
        yield from (f"    {_in_one_line(note)}" for note in group if note.place or note.text)
    yield ""


def _in_one_line(note: SheetNote) -> str:
    return ": ".join(filter(None, (note.place, " / ".join(note.text.splitlines()))))


def _as_json(book: WrittenBook, result: Design | UnreadableDocument) -> str:
    if isinstance(result, UnreadableDocument):
        summary: dict[str, object] = {
            "reason": message_of(result).as_output(),
            "hint": result.hint.as_output(),
        }
    else:
        summary = {"rows": result.rows, "read": result.read}
    report = {
        "markdown": book.markdown,
        "left": [_note_as_json(note) for note in book.left],
        "altered": [_note_as_json(note) for note in book.altered],
        "summary": summary,
    }
    return printable_json(report, indent=2)


def _note_as_json(note: SheetNote) -> dict[str, object]:
    return {"sheet": note.sheet, "cell": note.place, "reason": note.why.as_output(), "text": note.text}
