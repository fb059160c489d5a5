"""The logo on the report: the file that `[reports] logo` names, if it is one."""

from dataclasses import dataclass
from enum import StrEnum

from toban.engine.bindings.model import Bindings
from toban.engine.reports.bindings import REPORTS

MOST = 500_000
"""Bytes: it stands in each PDF, and on each page."""
_PNG = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 3000
"""Of each side of a PNG."""
_BEGINNING = 1000
"""Bytes of an SVG in which its element begins."""


class LogoKind(StrEnum):
    """The formats of a logo, by their media types."""

    PNG = "image/png"
    SVG = "image/svg+xml"


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo; without content if its file can't be used."""

    kind: LogoKind | None = None
    content: bytes = b""


def logo_of(bindings: Bindings) -> Logo | None:
    """Return the logo; None if none is bound, an empty one if the file is missing, too large, or another."""
    path = REPORTS.of(bindings).logo
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
    except OSError:
        return Logo()
    kind = kind_of(content)
    return Logo(kind, content) if kind is not None and len(content) <= MOST else Logo()


def kind_of(content: bytes) -> LogoKind | None:
    """Return the format of *content*, by what it is and not by its name; None for one that is too large."""
    if content.startswith(_PNG):
        # The first chunk says how large it is: a small file can hold a picture that fills the memory.
        wide, high = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
        return LogoKind.PNG if max(wide, high) <= MOST_PIXELS else None
    return LogoKind.SVG if b"<svg" in content[:_BEGINNING].lower() else None
