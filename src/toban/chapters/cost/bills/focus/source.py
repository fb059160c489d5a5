"""Exports in FOCUS: which files there are, and what they charge."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from toban.chapters.cost.bill import BillTerms, BillUnknown
from toban.chapters.cost.bills.files import demand_unchanged, files_of
from toban.chapters.cost.bills.focus.apart import sums_apart
from toban.chapters.cost.bills.focus.columns import sums
from toban.chapters.cost.bills.focus.config import FocusBill
from toban.chapters.cost.bills.focus.reading import MOST_ROWS, parts_of, too_many
from toban.chapters.cost.bills.focus.rows import charge_of
from toban.chapters.cost.charge import Bill, Charge, ChargeKey
from toban.message import Message

_CHUNK = 2**20
_PACKED = ".parquet"


class FocusFiles:
    """The files of an export."""

    def __init__(self, config: FocusBill) -> None:
        self._pattern = config.path

    def version(self) -> str:
        """See `BillSource`."""
        return files_of(self._pattern).version

    def read(self, how: BillTerms) -> Bill:
        """See `BillSource`."""
        files = files_of(self._pattern)
        # An export that is kept twice has been charged once.
        paths = list({_digest(path): path for path in reversed(files.paths)}.values())[::-1]
        packed = [path for path in paths if path.suffix == _PACKED]
        found, rows = sums_apart(packed, how) if packed else ((), 0)
        parts = list(found)
        for path in paths:
            for part, count in parts_of(path, how) if path not in packed else ():
                if (rows := rows + count) > MOST_ROWS:
                    raise too_many(path)
                parts.append(part)
        demand_unchanged(self._pattern, files.version)
        return Bill(_days(parts), files.made_at, rows)


def _digest(path: Path) -> str:
    digest = sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise BillUnknown(Message("cost.cannot-read", path=path, why=error.strerror)) from error
    return digest.hexdigest()


def _days(parts: Sequence[pa.Table]) -> Mapping[date, Sequence[Charge]]:
    """Return the charges of each day, summed over all *parts*."""
    days: dict[date, dict[ChargeKey, Charge]] = defaultdict(dict)
    if not parts:
        return {}
    for row in sums(pa.concat_tables(parts)).to_pylist():
        charge, day = charge_of(row), days[row["day"]]
        day[charge.key] = charge.added_to(day.get(charge.key))
    return {on: list(found.values()) for on, found in days.items()}
