"""Which files are opened as workbooks: of a kind that is known, and no larger than fits into the memory."""

import re
import zlib
from io import BytesIO
from pathlib import Path
from typing import IO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from toban.message import Message

MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 100 * 1024 * 1024
MAX_CELLS = 300_000
MAX_OTHERS = 1_000_000
"""How many other elements: rows, formats, rules and shapes take about a kilobyte each in the memory."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PIECE = 64 * 1024
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?")
_FILLED_OUT = frozenset({"mergeCell", "hyperlink"})
"""Elements whose every cell becomes one in the memory, however few letters name them."""
_LIGHT = frozenset({"v", "f", "is", "si", "t", "rPh", "phoneticPr"})
"""What a cell and its text have anyway: little more than its letters is kept of it."""


class UnreadableWorkbook(Exception):
    """The file is not read; the message says why, and `hint` gives the way out."""

    def __init__(self, message: Message, hint: Message) -> None:
        super().__init__(message)
        self.hint = hint


def admitted_content(path: Path) -> bytes:
    """Return what is in the workbook *path*, within all limits; raise `UnreadableWorkbook`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as flaw:
        reason = (flaw.strerror if isinstance(flaw, OSError) else None) or str(flaw)
        raise UnreadableWorkbook(
            Message("workbooks.not-readable", file=path, why=reason), Message("workbooks.check-the-path")
        ) from flaw
    if len(content) > MAX_BYTES:
        raise _too_large(Message("workbooks.megabytes", count=MAX_BYTES // 1024 // 1024))
    if content.startswith(_OLE):
        raise _old(is_encrypted=_ENCRYPTED in content)
    try:
        with ZipFile(BytesIO(content)) as archive:
            _admit(archive)
    except (BadZipFile, zlib.error) as flaw:
        raise _no_workbook() from flaw
    return content


def _no_workbook() -> UnreadableWorkbook:
    return UnreadableWorkbook(Message("workbooks.no-workbook"), Message("workbooks.save-as-xlsx"))


def _too_large(most: Message) -> UnreadableWorkbook:
    return UnreadableWorkbook(Message("workbooks.too-large", most=most), Message("workbooks.only-the-design"))


def damaged(why: object) -> UnreadableWorkbook:
    """Return that what is in the file can't be read."""
    return UnreadableWorkbook(Message("workbooks.damaged", why=why), Message("workbooks.save-anew"))


def _old(*, is_encrypted: bool) -> UnreadableWorkbook:
    if is_encrypted:
        return UnreadableWorkbook(Message("workbooks.encrypted"), Message("workbooks.remove-the-password"))
    return UnreadableWorkbook(Message("workbooks.old-format"), Message("workbooks.save-as-xlsx"))


def _admit(archive: ZipFile) -> None:
    names = archive.namelist()
    if "xl/workbook.bin" in names:
        raise UnreadableWorkbook(Message("workbooks.binary-format"), Message("workbooks.save-as-xlsx"))
    if "[Content_Types].xml" not in names:
        raise _no_workbook()
    # No more than what a part's entry claims is ever unpacked of it.
    if sum(each.file_size for each in archive.infolist()) > MAX_UNPACKED:
        raise _too_large(Message("workbooks.megabytes-unpacked", count=MAX_UNPACKED // 1024 // 1024))
    counter = _ElementCounter()
    for name in archive.namelist():
        try:
            with archive.open(name) as part:
                counter.count(part)
        except (NotImplementedError, RuntimeError) as flaw:
            # Packed or encrypted in a way of its own.
            raise damaged(flaw) from flaw


class _ElementCounter:
    """Counts what the parts of a package make, before it is made; raises `UnreadableWorkbook` at a limit."""

    def __init__(self) -> None:
        self._cells = 0
        self._others = 0

    def count(self, part: IO[bytes]) -> None:
        """Add what is in *part*."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._begin
        parser.EntityDeclHandler = self._refuse
        try:
            while piece := part.read(_PIECE):
                parser.Parse(piece)
        except expat.ExpatError:
            # An image, or damaged: whatever opens the part says so.
            pass

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(":")[2]
        if kind == "c":
            self._cells += 1
        elif kind in _FILLED_OUT:
            self._cells += _area(attributes.get("ref", ""))
        elif kind not in _LIGHT:
            self._others += 1
        if self._cells > MAX_CELLS:
            raise _too_large(Message("workbooks.cells", count=MAX_CELLS))
        if self._others > MAX_OTHERS:
            raise _too_large(Message("workbooks.elements", count=MAX_OTHERS))

    def _refuse(self, name: str, *_: object) -> None:
        raise damaged(Message("workbooks.declares-entities", name=name))


def _area(reference: str) -> int:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise damaged(Message("workbooks.no-reference", text=reference))
    left, top, right, bottom = found.groups()
    if right is None:
        return 1
    return (abs(_column(right) - _column(left)) + 1) * (abs(int(bottom) - int(top)) + 1)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
