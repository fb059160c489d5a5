"""What was found about a row of chapter 7. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found about a row."""

    verdict: Verdict
    reason: Message
    value: Message = NOTHING
    proof: Mapping[str, object] = field(default_factory=dict)


class Occasion(Protocol):
    """An incident that a row is judged by."""

    @property
    def number(self) -> int:
        """The incident's number."""

    @property
    def is_drill(self) -> bool:
        """Whether it was made on a game day."""


def deciding[Each: Occasion](newest_first: Iterable[Each]) -> Each | None:
    """Return which of the closed incidents decides: the newest, or the newest of a game day if all are."""
    found = list(newest_first)
    return next((each for each in found if not each.is_drill), next(iter(found), None))
