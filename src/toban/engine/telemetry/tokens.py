"""By what an insert of a batch is known again: its token, which says what batch it is of."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

_TEXT = re.compile(r"(?P<number>[0-9a-f]{16})[0-9a-f]*/\d+(?:@(?P<seen>[0-9a-f:]+))?")


@dataclass(frozen=True, slots=True)
class Token:
    """The token of an insert."""

    SEEN: ClassVar = "seen "
    """What stands, in the refusal of a repetition, before what its writer then has seen."""

    text: str
    batch: int
    """What stands in the column `batch`."""
    seen: str
    """How much of the batch had come before its writer looked for what is missing; empty at first."""

    @classmethod
    def of(cls, key: str, cut: int, seen: str = "") -> Self:
        """Return the token of one of the inserts that the batch *key* is written by."""
        return cls(f"{key}/{cut}@{seen}" if seen else f"{key}/{cut}", batch_number(key), seen)

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the token that reads *text*; raises `ValueError`."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no token of a batch")
        return cls(text, int(found["number"], 16), found["seen"] or "")


def batch_number(key: str) -> int:
    """Return what stands in the column `batch` for the batch *key*."""
    return int(key[:16], 16)
