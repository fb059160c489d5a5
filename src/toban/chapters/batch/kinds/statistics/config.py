"""The settings in `toban.toml` for a day's figures."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from toban.design.values.metric import NAMED, Metric, read_metric
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.values import Length
from toban.engine.runs.kinds import BatchBinding
from toban.message import Message


class MeasuredFigure(Section):
    """A figure from what Toban itself measured."""

    name: str = Field(min_length=1, max_length=100)
    target: str
    """The target's name in the document."""
    metric: str
    """The metric: レスポンスタイム, エラー率, as the document names it."""
    of: Literal["mean", "min", "max"] = "mean"
    """Which value of all the day's samples."""

    @field_validator("metric")
    @classmethod
    def _is_known(cls, written: str) -> str:
        if read_metric(written) is None:
            known = tuple(metric.label for metric in Metric if metric in NAMED)
            raise invalid(Message("batch.not-a-metric"), Message("batch.metrics-are", known=known))
        return written


class StatisticsBatch(BatchBinding):
    """`kind = "statistics"`."""

    dsn: Secret | None = None
    query: str = ""
    """One SELECT that gives one row for the day from `%(start)s` to `%(end)s`; each column is a figure."""
    query_timeout: Length = timedelta(minutes=5)
    units: dict[str, str] = Field(default={})
    """A column of the query → its unit (円)."""
    measured: tuple[MeasuredFigure, ...] = ()

    @model_validator(mode="after")
    def _has_figures(self) -> Self:
        if bool(self.query) != (self.dsn is not None):
            raise invalid(Message("batch.query-and-dsn-belong-together"))
        if not self.query and not self.measured:
            raise invalid(Message("batch.nothing-to-add-up"), Message("batch.write-query-or-measured"))
        return self
