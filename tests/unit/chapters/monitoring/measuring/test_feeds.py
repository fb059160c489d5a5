"""The targets of the bindings, compared with the monitors of the document."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from toban.chapters.monitoring.limits import Percentile
from toban.chapters.monitoring.measuring.feeds import Feed, labels, open_targets, plan
from toban.chapters.monitoring.source import Measurement, SourceKind
from toban.design.clauses.monitoring import Monitor
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.metric import Metric
from toban.design.values.quantity import Quantity
from toban.design.values.threshold import Threshold
from toban.engine.bindings.model import Bindings, KindBinding, System
from toban.engine.bindings.section import Section


class Config(Section):
    name: str = ""


class Nowhere:
    """A source for tests that never measure."""

    instance = ""

    def measure(self, now: datetime) -> Sequence[Measurement]:
        raise NotImplementedError

    def close(self) -> None:
        """Do nothing: nothing is open."""


KINDS: Mapping[str, SourceKind] = {
    "prometheus": SourceKind(Config, frozenset((Metric.CPU_USAGE,)), lambda _config: Nowhere()),
    "postgresql": SourceKind(Config, frozenset((Metric.CONNECTIONS,)), lambda _config: Nowhere()),
}


def monitor(
    target: str, item: str, metric: Metric | None, *, limit: str = "90", seconds: int = 60
) -> Monitor:
    return Monitor(
        id=f"monitoring/monitor/{target}/{item}",
        origin=Origin("運用設計書.md", 34),
        text=f"{target} | {item}",
        target=target,
        item=item,
        metric=metric,
        normal=None,
        warning=Threshold(Quantity(Decimal(limit.rstrip("%")), "%" if "%" in limit else ""), is_bare=True),
        critical=None,
        interval=Duration(Decimal(seconds), TimeUnit.SECOND),
    )


def design(*monitors: Monitor) -> Design:
    return Design("運用設計書.md", "d" * 64, (), monitors, ())


def bindings(**targets: Sequence[str]) -> Bindings:
    bound = {
        target: tuple(KindBinding(kind, Config(), line) for line, kind in enumerate(kinds, 1))
        for target, kinds in targets.items()
    }
    return Bindings("toban.toml", "b" * 64, System(), bound, {}, {}, {}, {})


CPU = monitor("DB", "CPU使用率", Metric.CPU_USAGE)
CONNECTIONS = monitor("DB", "接続数", Metric.CONNECTIONS)


def test_a_monitor_whose_target_can_be_measured_runs() -> None:
    ordered = plan(design(CPU, CONNECTIONS), bindings(DB=["prometheus", "postgresql"]), KINDS)

    assert [each.monitor for each in ordered.judged] == [CPU, CONNECTIONS]
    assert ordered.unbound == {}
    assert [(feed.target, feed.bound.kind, feed.position) for feed in ordered.feeds] == [
        ("DB", "prometheus", 0),
        ("DB", "postgresql", 1),
    ]


def test_a_target_that_is_not_bound_says_what_to_write() -> None:
    ordered = plan(design(monitor("Webサーバー", "CPU使用率", Metric.CPU_USAGE), CPU), bindings(), KINDS)

    assert [str(each) for each in ordered.unbound.values()] == [
        '対象「Webサーバー」の測る場所が toban.toml にありません: [targets."Webサーバー"] を書いてください',
        "対象「DB」の測る場所が toban.toml にありません: [targets.DB] を書いてください",
    ]
    assert ordered.feeds == ()


def test_without_a_suitable_source_the_kinds_that_could_measure_the_item_are_named() -> None:
    ordered = plan(design(CPU, CONNECTIONS), bindings(DB=["postgresql"]), KINDS)

    assert [each.monitor for each in ordered.judged] == [CONNECTIONS]
    assert str(ordered.unbound[CPU.id]) == (
        "対象「DB」の測る場所では「CPU使用率」を測れません。"
        'toban.toml に次のどれかを足してください: kind = "prometheus"'
    )
    assert ordered.unbound[CPU.id].in_language("en") == (
        'No source of target “DB” measures “CPU使用率”. Add one of these to toban.toml: kind = "prometheus"'
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (
            monitor("DB", "キュー", Metric.QUEUE_LENGTH),
            "「キュー」を標準で測れる kind はまだありません",
        ),
        (monitor("DB", "温度", None), "「温度」を測る方法がまだありません"),
        (
            monitor("DB", "接続数", Metric.CONNECTIONS, limit="80%"),
            "しきい値「80%」の単位が、測定値の単位と合いません",
        ),
    ],
)
def test_an_unmeasurable_row_is_reported_and_affects_no_other(row: Monitor, why: str) -> None:
    ordered = plan(design(row, CPU), bindings(DB=["prometheus"]), KINDS)

    assert {clause: str(each) for clause, each in ordered.unbound.items()} == {row.id: why}
    assert [each.monitor for each in ordered.judged] == [CPU]


def test_rows_without_a_target_belong_to_the_whole_system() -> None:
    ordered = plan(design(monitor("", "CPU使用率", Metric.CPU_USAGE)), bindings(全体=["prometheus"]), KINDS)

    assert [each.target for each in ordered.judged] == ["全体"]


def test_a_target_is_sampled_as_its_most_frequent_monitor_needs() -> None:
    rows = design(
        monitor("DB", "CPU使用率", Metric.CPU_USAGE, seconds=60),
        monitor("DB", "CPU", Metric.CPU_USAGE, seconds=20),
    )

    ordered = plan(rows, bindings(DB=["prometheus"]), KINDS)

    assert [feed.period for feed in ordered.feeds] == [timedelta(seconds=2.5)]


def test_sources_with_the_same_name_are_distinguished_by_kind_and_then_position() -> None:
    def feed(target: str, kind: str, position: int) -> Feed:
        return Feed(target, KindBinding(kind, Config(), 1), timedelta(seconds=15), position)

    feeds = [
        feed("DB", "prometheus", 0),
        feed("DB", "postgresql", 1),
        feed("API", "prometheus", 0),
        feed("Web", "prometheus", 0),
        feed("Web", "prometheus", 1),
    ]

    assert labels(feeds, ["db-1", "db-1", "db-1", "web", "web"]) == [
        "db-1 (prometheus)",
        "db-1 (postgresql)",
        "db-1",
        "web (prometheus 1)",
        "web (prometheus 2)",
    ]


def test_the_first_kinds_that_can_measure_a_target_are_proposed() -> None:
    rows = design(CPU, CONNECTIONS, monitor("Web", "温度", None))

    assert list(open_targets(rows, KINDS)) == [
        ("DB", [CPU, CONNECTIONS], ["prometheus", "postgresql"]),
        ("Web", [monitor("Web", "温度", None)], []),
    ]


class Ranked(Section):
    of: Decimal
    window: timedelta


def _ranked(_config: Config, percentile: Percentile) -> Ranked:
    return Ranked(of=percentile.of, window=percentile.window)


RESPONSE_KINDS: Mapping[str, SourceKind] = {
    "http": SourceKind(Config, frozenset((Metric.RESPONSE_TIME,)), lambda _config: Nowhere()),
    "requests": SourceKind(
        Config, frozenset((Metric.RESPONSE_TIME,)), lambda _config: Nowhere(), ranked=_ranked
    ),
}
SLOW = replace(
    monitor("API", "応答時間", Metric.RESPONSE_TIME),
    warning=Threshold(Quantity(Decimal(500), "ms"), subject="p95(5分)"),
)


def test_a_row_with_a_percentile_has_its_own_feed_from_those_who_see_single_requests() -> None:
    found = plan(design(SLOW), bindings(API=["http", "requests"]), RESPONSE_KINDS)

    ((of_row,),) = ([each for each in found.feeds if each.row],)
    assert (found.unbound, of_row.series, of_row.bound.kind) == ({}, SLOW.id, "requests")
    assert of_row.bound.config == Ranked(of=Decimal(95), window=timedelta(minutes=5))


def test_a_percentile_is_not_judged_on_the_readings_of_a_probe() -> None:
    found = plan(design(SLOW), bindings(API=["http"]), RESPONSE_KINDS)

    assert found.judged == ()
    assert 'kind = "requests"' in str(found.unbound[SLOW.id])
