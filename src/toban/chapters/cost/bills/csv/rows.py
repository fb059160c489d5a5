"""What a row by hand means. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from toban.chapters.cost.bill import BillUnknown
from toban.chapters.cost.charge import MICRO, MOST, Charge, ChargeKey, ChargeKind
from toban.message import Message

_NEEDED = ("date", "service", "amount")
_KNOWN = {*_NEEDED, "until", "currency", "account", "tag", "kind", "note"}
_AMOUNT = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,6})?|-?[0-9]{1,12}(\.[0-9]{1,6})?")
_LONGEST_TIME = timedelta(days=400)
_DAY = timedelta(days=1)
_LONGEST = 200


def demand_columns(names: Sequence[str], file: str) -> None:
    """Raise `BillUnknown` if columns are missing, or if some would be passed over."""
    missing = [each for each in _NEEDED if each not in names]
    unknown = [each for each in names if each not in _KNOWN]
    if missing or unknown:
        raise BillUnknown(
            Message("cost.not-by-hand", path=file, columns=tuple(missing or unknown)),
            hint=Message("cost.write-columns", columns=tuple(sorted(_KNOWN))),
        )


def charges_of(row: Mapping[str | None, object]) -> Iterator[tuple[date, Charge]]:
    """Yield what *row* charges for each of its days; raise `ValueError` if it can't be read.

    What is for several days is spread evenly; the last gets what is left, so that nothing is lost.
    """
    if None in row or None in row.values():
        raise ValueError("columns")
    cells = {str(name): str(cell).strip() for name, cell in row.items()}
    first = date.fromisoformat(cells["date"])
    last = date.fromisoformat(cells["until"]) if cells.get("until") else first
    if not timedelta(0) <= last - first <= _LONGEST_TIME:
        raise ValueError(f"until {last}")
    key = _key(cells)
    count = (last - first).days + 1
    whole = _amount(cells["amount"])
    each = Decimal(int(whole * MICRO / count)) / MICRO
    for number in range(count):
        part = each if number < count - 1 else whole - each * (count - 1)
        yield first + number * _DAY, Charge(key, part, part, part)


def _key(cells: Mapping[str, str]) -> ChargeKey:
    if not cells["service"]:
        raise ValueError("service")
    currency = cells.get("currency") or "JPY"
    if not re.fullmatch("[A-Z]{3}", currency):
        raise ValueError(f"currency {currency[:40]}")
    return ChargeKey(
        cells["service"][:_LONGEST],
        cells.get("account", "")[:_LONGEST],
        cells.get("tag", "")[:_LONGEST],
        ChargeKind(cells.get("kind") or ChargeKind.USAGE),
        currency=currency,
    )


def _amount(written: str) -> Decimal:
    if not _AMOUNT.fullmatch(written):
        raise ValueError(f"amount {written[:40]}")
    found = Decimal(written.replace(",", ""))
    if abs(found) > MOST:
        raise ValueError(f"amount {written[:40]}")
    return found
