"""`kind = "focus"`: exports in the FinOps Open Cost and Usage Specification."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from toban.chapters.cost.bindings import BillBinding
from toban.engine.bindings.section import beside_the_bindings


class FocusBill(BillBinding):
    """`kind = "focus"`: exports in FOCUS 1.0 or later, as CSV or Parquet."""

    example: ClassVar[Mapping[str, str]] = {"path": "/srv/costs/focus/**/*.parquet"}

    path: Annotated[Path, AfterValidator(beside_the_bindings)]
    """The files; `*` and `**` stand for any names. Each month must be there once."""
