"""Service levels from the real telemetry store, at a moment that is not on any of its grids."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import schema

from toban.chapters.objectives.models import LevelDay, ServiceSpell
from toban.chapters.objectives.publishing import publishing
from toban.chapters.objectives.service import Objectives, kept_burns
from toban.chapters.objectives.sli import plan
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.section import Section
from toban.engine.notify import orders
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOW = datetime(2026, 11, 25, 12, 3, tzinfo=ZoneInfo("Asia/Tokyo"))
NINE = NOW.replace(hour=9, minute=0)
DESIGN = read_design(
    """# 運用設計書
## 1. 運用方針
### 運用目標
| 項目 | 目標値 |
|---|---|
| 稼働率 | 99.9% |
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |
""",
    "運用設計書.md",
)


class Probe(Section):
    pass


BINDINGS = read_bindings(
    """
[targets.API]
sources = [{ kind = "probe" }]
[status]
title = "稼働状況"
[[status.services]]
name = "店"
target = "API"
""",
    Path("toban.toml"),
    schema(sources={"probe": Probe}),
)


@pytest.fixture(scope="module")
def telemetry(store: StoreProcess) -> Telemetry:
    """A store in which the API was up each minute from nine o'clock on, except from 10:00 to 10:20."""
    moments = [NINE + number * MINUTE for number in range(183)]
    samples = [
        Sample(Metric.UP, "API", "api-1", at, 0.0 if 60 <= number < 80 else 1.0)
        for number, at in enumerate(moments)
    ]
    store.telemetry.write(samples, token="levels")
    return store.telemetry


def test_known_time_and_downtime_of_today_are_exact_to_the_minute(telemetry: Telemetry) -> None:
    (level,) = Objectives(telemetry).step(plan(DESIGN, BINDINGS), DESIGN, BINDINGS, NOW, DESIGN.digest)

    assert level.today.covered == (3 * HOUR + 3 * MINUTE) / timedelta(seconds=1)
    assert level.today.covered - level.today.amount == 20 * 60
    yesterday = LevelDay.objects.get(objective=level.sli.objective.id, day=NOW.date() - timedelta(days=1))
    assert yesterday.covered == 0


def test_the_burn_rate_is_relative_to_the_known_time(telemetry: Telemetry) -> None:
    (level,) = Objectives(telemetry).step(plan(DESIGN, BINDINGS), DESIGN, BINDINGS, NOW, DESIGN.digest)

    (fast, _), (slow, _) = kept_burns(level.sli)
    assert (fast.long, fast.short, slow.short) == (0, 0, 0)
    # Of six hours, only 183 minutes are known.
    assert slow.long is None


def test_the_burn_rate_of_a_covered_window_is_that_of_its_minutes(telemetry: Telemetry) -> None:
    now = NINE + 95 * MINUTE

    (level,) = Objectives(telemetry).step(plan(DESIGN, BINDINGS), DESIGN, BINDINGS, now, DESIGN.digest)

    (fast, _), _ = kept_burns(level.sli)
    # 20 of 60 minutes, with a thousandth allowed.
    assert fast.long == pytest.approx(20 / 60 * 1000)


@pytest.mark.parametrize(("day", "seconds", "failing"), [(1, 0, 0), (2, 120, 60)])
def test_a_failure_within_an_announced_minute_costs_nothing(
    telemetry: Telemetry, day: int, seconds: int, failing: int
) -> None:
    """The minute lies inside one of the store's five; moved away from it, the same failure counts."""
    now = NOW.replace(day=day)
    begin = now - 30 * MINUTE - timedelta(seconds=90)
    orders.announce_maintenance(
        ["API"], "増設", starts_at=begin, ends_at=begin + MINUTE, by="nami", now=begin - HOUR
    )
    failed = begin + timedelta(seconds=seconds)
    samples = [
        Sample(Metric.UP, "API", "api-1", at, 0.0 if failed <= at < failed + MINUTE else 1.0)
        for at in (now - number * timedelta(seconds=10) for number in range(1, 1000))
    ]
    telemetry.write(samples, token=f"announced {day}")

    (level,) = Objectives(telemetry).step(plan(DESIGN, BINDINGS), DESIGN, BINDINGS, now, DESIGN.digest)

    today = level.today
    assert today.planned_covered == 60
    assert today.covered >= 9_990
    assert today.bad_unplanned(Metric.UP) == pytest.approx(failing)
    assert today.covered - today.amount == pytest.approx(60)
    burns = [burn.long for burn, _ in kept_burns(level.sli)]
    assert burns[0] == pytest.approx(failing / (3600 - 60) * 1000, rel=0.05)


@pytest.mark.parametrize(
    ("minute", "state"), [(59, "operational"), (62, "down"), (83, "operational"), (300, "unknown")]
)
def test_the_state_of_a_public_service_follows_its_latest_answers(
    telemetry: Telemetry, minute: int, state: str
) -> None:
    publishing.look(telemetry, DESIGN, BINDINGS, NINE + minute * MINUTE)

    assert ServiceSpell.objects.get().state == state
