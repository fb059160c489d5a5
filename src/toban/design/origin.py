"""Where a value is in the document, so that every action and complaint can cite it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A place in a document: its file name as the user gave it, and the 1-based line."""

    document: str
    line: int

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"
