"""The extension point for bills: one small Protocol, one failure type."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from toban.chapters.cost.bindings import BillBinding
from toban.chapters.cost.charge import Bill
from toban.engine.bindings.table import kinded
from toban.engine.registry.kinds import KindPoint
from toban.engine.trial import ActFailed


class BillUnknown(ActFailed):
    """The bill can't be read, so that nobody knows what was charged; see `ActFailed`."""


@dataclass(frozen=True, slots=True)
class BillTerms:
    """How a bill is to be read."""

    zone: ZoneInfo
    """Whose days they are."""
    tag: str
    """The tag by whose values charges are told apart; empty: by none."""
    now: datetime


class BillSource(Protocol):
    """A bill, ready to be read."""

    def version(self) -> str:
        """Return what changes whenever the bill does, or raise `BillUnknown`; asked before each reading.

        Empty if only reading it can tell.
        """

    def read(self, how: BillTerms) -> Bill:
        """Return the whole bill, or raise `BillUnknown`: half a bill would look like a cheap month."""


@dataclass(frozen=True, slots=True)
class BillKind:
    """A kind of bill as `toban.toml` names it."""

    config: type[BillBinding]
    open: Callable[[Any], BillSource]
    """Returns the source of a config; reads nothing yet."""


BILL_KINDS = KindPoint("bills", BillKind)
"""`kind = "…"` of `[bills.NAME]`."""

BILLS = kinded("bills", BillBinding, BILL_KINDS)
"""A bill → where it is read."""
