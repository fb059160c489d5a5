"""Tokens that identify a repeated insert of a batch; a token contains the number of its batch."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

_TEXT = re.compile(r"(?P<number>[0-9a-f]{16})[0-9a-f]*/\d+(?:@(?P<seen>[0-9a-f:]+))?")


@dataclass(frozen=True, slots=True)
class InsertToken:
    """The token of an insert."""

    SEEN: ClassVar = "seen "
    """The text before the new value of `seen` in the refusal of a repetition."""

    text: str
    batch: int
    """The value of the column `batch`."""
    seen: str
    """How much of the batch had come before its writer looked for missing rows; empty at first."""

    @classmethod
    def of(cls, key: str, cut: int, seen: str = "") -> Self:
        """Return the token of insert number *cut* of the batch *key*."""
        return cls(f"{key}/{cut}@{seen}" if seen else f"{key}/{cut}", batch_number(key), seen)

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the token in *text*; raises `ValueError`."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no token of a batch")
        return cls(text, int(found["number"], 16), found["seen"] or "")


def batch_number(key: str) -> int:
    """Return the value of the column `batch` for the batch *key*."""
    return int(key[:16], 16)
