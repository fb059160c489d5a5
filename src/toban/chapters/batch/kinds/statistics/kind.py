"""`kind = "statistics"`: figures of each day, from a database and from what Toban measured."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from toban.design.values.metric import Metric, read_metric
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section
from toban.engine.bindings.values import Length
from toban.engine.runs.kinds import BatchBinding, NotBindable, Site, WorkKind
from toban.engine.runs.parameters import Parameter
from toban.engine.runs.work import Step, Turn


class Measured(Section):
    """A figure from what Toban itself measured."""

    name: str = Field(min_length=1, max_length=100)
    target: str
    """The target's name in the document."""
    metric: str
    """What of it: レスポンスタイム, エラー率, as the document says it."""
    of: Literal["mean", "min", "max"] = "mean"
    """Of all the day's samples."""

    @field_validator("metric")
    @classmethod
    def _is_known(cls, written: str) -> str:
        if read_metric(written) is None:
            known = "、".join(metric.label for metric in Metric)
            raise PydanticCustomError(
                "metric", "測れる項目ではありません", {"hint": f"書けるのは {known} です"}
            )
        return written


class StatisticsBatch(BatchBinding):
    """`kind = "statistics"`."""

    dsn: Secret | None = None
    query: str = ""
    """One SELECT that gives one row for the day from `%(start)s` to `%(end)s`; each column is a figure."""
    query_timeout: Length = timedelta(minutes=5)
    units: dict[str, str] = Field(default={})
    """A column of the query → its unit (円)."""
    measured: tuple[Measured, ...] = ()

    @model_validator(mode="after")
    def _has_figures(self) -> Self:
        if bool(self.query) != (self.dsn is not None):
            raise PydanticCustomError("figures", "query と dsn は両方書くものです", {})
        if not self.query and not self.measured:
            raise PydanticCustomError(
                "figures", "集計するものがありません", {"hint": "query か measured を書いてください"}
            )
        return self


def steps(config: StatisticsBatch, site: Site) -> tuple[Step, ...]:
    """Return the one step: it may be done again, and the figures are the same."""
    unknown = [each.target for each in config.measured if each.target not in site.bindings.targets]
    if unknown:
        known = "、".join(site.bindings.targets) or "まだありません"
        raise NotBindable(
            f"measured の「{unknown[0]}」という対象が {site.bindings.file} にありません。あるのは {known}"
        )

    names = [each.name for each in config.measured]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise NotBindable(f"{site.bindings.file} の measured に、名前「{twice[0]}」の数が二つあります")

    def add_up(turn: Turn) -> object:
        # Its table needs Django, and what only reads the bindings does without.
        from toban.chapters.batch.kinds.statistics.service import add_up  # noqa: PLC0415

        return add_up(config, site, turn)

    return (Step("add-up", add_up),)


def doubts(config: StatisticsBatch, site: Site) -> Iterator[str]:
    """Have the database plan the query for today, where there is one."""
    if config.dsn is None:
        return
    # It loads the database's driver, which those who only read the bindings need not wait for.
    from toban.chapters.batch.database import Question  # noqa: PLC0415

    zone = site.bindings.system.zone
    yield from Question(config.dsn, config.query, zone, config.query_timeout, 1).doubts()


PARAMETERS = (
    Parameter("date", "集計し直す日", "the day to add up", "2026-11-24"),
    Parameter("from", "この日から集計し直す", "add up from this day on", "2026-11-01"),
    Parameter(
        "to",
        "この日まで。なければ、終わった最後の日まで",
        "up to this day, or the last whole one",
        "2026-11-20",
    ),
)
KIND = WorkKind(StatisticsBatch, steps, doubts=doubts, parameters=PARAMETERS)
