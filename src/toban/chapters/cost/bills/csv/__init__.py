"""A CSV file that somebody keeps by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from toban.chapters.cost.bill import BillKind, BillSource
from toban.chapters.cost.bindings import BillBinding
from toban.engine.bindings.section import beside_the_bindings


class CsvBill(BillBinding):
    """`kind = "csv"`: a file by hand, with the columns `date`, `service`, `amount` and more."""

    example: ClassVar[Mapping[str, str]] = {"path": "/srv/costs/by-hand.csv"}

    path: Annotated[Path, AfterValidator(beside_the_bindings)]
    """The file; `*` stands for any names."""


def _open(config: CsvBill) -> BillSource:
    # Imported late: reading the bindings does not need it.
    from toban.chapters.cost.bills.csv.source import CsvFiles  # noqa: PLC0415

    return CsvFiles(config.path)


KIND = BillKind(CsvBill, _open)
