"""Exports in FOCUS."""

from toban.chapters.cost.bill import BillKind, BillSource
from toban.chapters.cost.bills.focus.config import FocusBill


def _open(config: FocusBill) -> BillSource:
    # Imported late: reading the bindings does not need it.
    from toban.chapters.cost.bills.focus.source import FocusFiles  # noqa: PLC0415

    return FocusFiles(config)


KIND = BillKind(FocusBill, _open)
