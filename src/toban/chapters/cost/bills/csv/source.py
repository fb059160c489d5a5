"""Reads bills that somebody keeps by hand."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from toban.chapters.cost.bill import BillTerms, BillUnknown
from toban.chapters.cost.bills.csv.rows import charges_of, demand_columns
from toban.chapters.cost.bills.files import demand_unchanged, files_of
from toban.chapters.cost.charge import Bill, Charge, ChargeKey
from toban.message import Message

_MOST_ROWS = 200_000


class CsvFiles:
    """The files of a bill by hand."""

    def __init__(self, pattern: Path) -> None:
        self._pattern = pattern

    def version(self) -> str:
        """See `BillSource`."""
        return files_of(self._pattern).version

    def read(self, _how: BillTerms) -> Bill:
        """See `BillSource`."""
        files = files_of(self._pattern)
        days: dict[date, dict[ChargeKey, Charge]] = defaultdict(dict)
        rows = 0
        for path in files.paths:
            for charged in _rows(path):
                rows += 1
                for on, charge in charged:
                    days[on][charge.key] = charge.added_to(days[on].get(charge.key))
                if rows > _MOST_ROWS:
                    raise BillUnknown(Message("cost.too-many-rows", path=path, most=_MOST_ROWS))
        demand_unchanged(self._pattern, files.version)
        return Bill({on: list(found.values()) for on, found in days.items()}, files.made_at, rows)


def _rows(path: Path) -> Iterator[list[tuple[date, Charge]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            demand_columns(reader.fieldnames or (), path.name)
            for row in reader:
                try:
                    yield list(charges_of(row))
                except ValueError as error:
                    said = Message("cost.bad-line", path=path, line=reader.line_num, why=str(error))
                    raise BillUnknown(said) from error
    except (OSError, UnicodeError, csv.Error) as error:
        raise BillUnknown(Message("cost.cannot-read", path=path, why=str(error)[:300])) from error
