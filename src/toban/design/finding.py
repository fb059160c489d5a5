"""A complaint about the document: a permanent code, its severity, its place, and a way out."""

from dataclasses import dataclass
from enum import StrEnum

from toban.design.origin import Origin
from toban.message import Message


class FindingLevel(StrEnum):
    """The severity of a finding."""

    ERROR = "error"
    """The document contradicts itself: as written, it can't be kept or run."""
    WARNING = "warning"
    """It can be run, but probably not as its author meant it."""
    INFO = "info"
    """Nothing is wrong; the reader should know how it was interpreted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One complaint, citing the row it is about.

    `code` never changes its meaning: two letters for the family, three digits. Each has a page
    `docs/findings/CODE.md`.
    """

    code: str
    level: FindingLevel
    origin: Origin
    message: Message
    quote: str
    """The row as the document wrote it."""
    hint: Message

    def __str__(self) -> str:
        quoted = "\n".join(f"    {line}" for line in self.quote.splitlines())
        return f"{self.origin}: {self.code} {self.message}\n{quoted}\nHINT: {self.hint}"
