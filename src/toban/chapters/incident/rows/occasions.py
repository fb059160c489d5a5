"""The incidents that a row of chapter 7 is judged by. Pure."""

from collections.abc import Iterable
from typing import Protocol


class Occasion(Protocol):
    """An incident that a row is judged by."""

    @property
    def is_drill(self) -> bool:
        """Whether it was made on a game day."""


def deciding[Each: Occasion](newest_first: Iterable[Each]) -> Each | None:
    """Return which of the closed incidents decides: the newest, or the newest of a game day if all are."""
    found = list(newest_first)
    return next((each for each in found if not each.is_drill), next(iter(found), None))
