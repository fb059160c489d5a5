"""Exceptions as pages show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.rules import ExceptionState


@dataclass(frozen=True, slots=True)
class ShownException:
    """An exception, and its state now."""

    exception: RowException
    state: ExceptionState

    @property
    def is_open(self) -> bool:
        """Whether it waits or is in force: only then can it be ended."""
        return self.state in (ExceptionState.ASKED, ExceptionState.IN_FORCE)


def shown(found: Iterable[RowException], now: datetime) -> Sequence[ShownException]:
    """Return *found* with their states at *now*."""
    return [ShownException(each, each.state(now)) for each in found]
