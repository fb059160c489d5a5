"""What is drawn over the cells of a sheet: pictures, charts, and shapes with the text in them."""

from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.packaging.relationship import get_dependents, get_rels_path
from openpyxl.utils import get_column_letter
from openpyxl.xml.functions import fromstring

from toban.engine.workbooks.sheets import SheetNote
from toban.message import Message

_KINDS = {"pic": Message("workbooks.picture"), "graphicFrame": Message("workbooks.chart")}


def notes_on_drawings(archive: ZipFile, part: str, sheet: str) -> Iterator[SheetNote]:
    """Yield a note on each thing drawn over *sheet*, which *part* of the *archive* holds."""
    rels = get_rels_path(part)
    if rels not in archive.namelist():
        return
    for relation in get_dependents(archive, rels).find(SpreadsheetDrawing._rel_type):  # noqa: SLF001
        for anchor in fromstring(archive.read(relation.target)):
            found = list(_descendants(anchor))
            why = next((_KINDS[name] for name, _ in found if name in _KINDS), Message("workbooks.shape"))
            yield SheetNote(sheet, _place(found), why, _text(found))


def _descendants(element: Any) -> Iterator[tuple[str, Any]]:
    for child in element:
        name = str(child.tag).rpartition("}")[2]
        # It repeats what is drawn for programs that do not know the newer way.
        if name != "Fallback":
            yield name, child
            yield from _descendants(child)


def _place(found: list[tuple[str, Any]]) -> str:
    """Return the cell at its upper left corner; nothing if it does not move with the cells."""
    numbers = {name: int(each.text) for name, each in reversed(found) if name in {"col", "row"}}
    return f"{get_column_letter(numbers['col'] + 1)}{numbers['row'] + 1}" if len(numbers) > 1 else ""


def _text(found: list[tuple[str, Any]]) -> str:
    paragraphs = (each for name, each in found if name == "p")
    said = (
        "".join(each.text or "" for name, each in _descendants(part) if name == "t") for part in paragraphs
    )
    return "\n".join(filter(None, said))
