"""Service levels with real tables, from a telemetry store that a test fills."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.registered import schema

from toban.chapters.objectives.models import LevelDay
from toban.chapters.objectives.report import ObjectiveReport
from toban.chapters.objectives.service import Objectives, kept, kept_burns
from toban.chapters.objectives.sli import plan
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.section import Section
from toban.engine.evidence.models import ClauseStatus
from toban.engine.notify import orders
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible
from toban.engine.telemetry.samples import Point
from toban.engine.telemetry.store import StoreUnavailable

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 4, 10, 12, tzinfo=TOKYO)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
AVAILABILITY = "objectives/objective/稼働率"
DESIGN = read_design(
    """# 運用設計書

## 1. 運用方針

### 運用目標
| 項目 | 目標値 |
|---|---|
| 稼働率 | 99.9% |
| レスポンスタイム | 平均500ms以内 |

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |

## 13. 重要な設計判断

### 障害対応
- **即時検知**: 監視アラートで1分以内に検知
""",
    "運用設計書.md",
)


class Probe(Section):
    pass


BINDINGS = read_bindings(
    '[targets.API]\nsources = [{ kind = "probe" }]\n', Path("toban.toml"), schema(sources={"probe": Probe})
)


class Measured:
    """A telemetry store with one value per minute; where *known* returns None there is a gap."""

    def __init__(self, known: Callable[[Metric, datetime], float | None]) -> None:
        self.known = known
        self.is_away = False

    def series(
        self, metric: Metric, _target: str, _instance: str | None, start: datetime, end: datetime, points: int
    ) -> Iterator[Point]:
        if self.is_away:
            raise StoreUnavailable("the telemetry store does not answer")
        step = (end - start) / points
        for number in range(points):
            at = start + number * step
            value = self.known(metric, at)
            if value is not None:
                yield Point(at, value, value, value)


def outage(start: datetime, length: timedelta, since: datetime) -> Measured:
    """Return a store that is up from *since* on except for one outage; response times are 212 ms."""

    def known(metric: Metric, at: datetime) -> float | None:
        if at < since:
            return None
        if metric is Metric.RESPONSE_TIME:
            return 212.0
        return 0.0 if start <= at < start + length else 1.0

    return Measured(known)


def count(measured: Measured, now: datetime = NOON) -> None:
    objectives = Objectives(measured)  # type: ignore[arg-type]
    objectives.step(plan(DESIGN, BINDINGS), DESIGN, BINDINGS, now, DESIGN.digest)


def shown(clause: str = AVAILABILITY) -> tuple[str, str]:
    status = ClauseStatus.objects.get(clause_id=clause)
    return status.verdict, str(status.value)


def test_a_month_without_outage_conforms_with_its_full_budget() -> None:
    count(outage(NOON, timedelta(0), since=NOON - 30 * DAY))

    assert shown() == ("conforming", "今月 100.000%、エラーバジェット残り 43分12秒 (100%)")
    assert shown("objectives/objective/レスポンスタイム") == ("conforming", "今月 212ms")
    assert not Alert.objects.exists()


def test_an_outage_of_half_an_hour_costs_its_time_and_is_stored_with_its_day() -> None:
    start = datetime(2026, 4, 3, 9, tzinfo=TOKYO)
    count(outage(start, 30 * MINUTE, since=NOON - 30 * DAY))

    assert shown()[1] == "今月 99.780%、エラーバジェット残り 13分12秒 (31%)"
    day = LevelDay.objects.get(objective=AVAILABILITY, day=start.date())
    assert (day.covered, day.covered - day.amount) == (86_400, 1800)
    # For the ten days so far it is too much: the row deviates although some of the monthly budget is left.
    assert shown()[0] == "deviating"


def test_planned_maintenance_costs_nothing_but_is_reported() -> None:
    start = datetime(2026, 4, 3, 9, tzinfo=TOKYO)
    orders.announce_maintenance(
        ["API"], "増設", starts_at=start, ends_at=start + HOUR, by="nami", now=start - DAY
    )

    count(outage(start, HOUR, since=NOON - 30 * DAY))

    assert shown() == ("warning", "今月 100.000%、エラーバジェット残り 43分12秒 (100%)")
    assert "計画メンテナンスを含めると今月 99.561%" in str(
        ClauseStatus.objects.get(clause_id=AVAILABILITY).reason
    )


def test_nobody_makes_an_outage_planned_once_it_is_over() -> None:
    start = NOON - 3 * HOUR
    measured = outage(start, HOUR, since=NOON - 30 * DAY)
    count(measured)
    assert shown()[0] == "deviating"

    with pytest.raises(NotPossible, match="すでに過ぎた時刻です"):
        orders.announce_maintenance(
            ["API"], "増設", starts_at=start, ends_at=start + HOUR, by="nami", now=NOON
        )
    # Nor by the end of what goes on.
    orders.announce_maintenance(["API"], "増設", starts_at=start, ends_at=NOON + HOUR, by="nami", now=NOON)

    count(measured)
    assert shown()[0] == "deviating"


def test_a_gap_is_neither_up_nor_down_and_is_reported() -> None:
    count(outage(NOON, timedelta(0), since=NOON - DAY))

    assert shown()[0] == "conforming"
    assert "今月の 10.5% について分かっています" in str(
        ClauseStatus.objects.get(clause_id=AVAILABILITY).reason
    )
    sli = plan(DESIGN, BINDINGS).slis[0]
    days = kept(sli.indicator, (NOON - 3 * DAY).date(), NOON.date())
    assert [tally.covered for tally in days.values()] == [0, 0, 43_200]


def test_nothing_is_claimed_without_any_measurement() -> None:
    count(Measured(lambda _metric, _at: None))

    assert shown() == ("not-measurable", "")


def test_an_unreachable_store_does_not_affect_the_stored_days() -> None:
    measured = outage(NOON, timedelta(0), since=NOON - 30 * DAY)
    count(measured)

    measured.is_away = True
    count(measured, NOON + MINUTE)

    status = ClauseStatus.objects.get(clause_id=AVAILABILITY)
    assert str(status.value).startswith("今月 100.000%")
    assert "測定履歴を読めません" in str(status.reason)


def test_a_burning_budget_is_announced_and_resolved() -> None:
    measured = outage(NOON - 6 * MINUTE, HOUR, since=NOON - 30 * DAY)
    count(measured)

    # 6 of 60 minutes are a hundred times too fast, and the outage continues.
    alert = Alert.objects.get(key=f"{AVAILABILITY}/burn")
    assert (alert.condition, alert.resolved_at) == ("critical", None)
    assert str(alert.value).startswith("バーンレート ")

    count(measured, NOON + 8 * HOUR)
    assert Alert.objects.get(key=f"{AVAILABILITY}/burn").resolved_at is not None


def test_a_budget_that_is_used_up_is_a_warning() -> None:
    count(outage(datetime(2026, 4, 3, 9, tzinfo=TOKYO), HOUR, since=NOON - 30 * DAY))

    assert Alert.objects.get(key=f"{AVAILABILITY}/budget").condition == "warning"
    assert shown()[1].endswith("エラーバジェット残り 16分48秒超過")


def test_samples_that_come_late_count_for_yesterday() -> None:
    known: list[Measured] = [outage(NOON, timedelta(0), since=NOON - 30 * DAY)]
    count(known[0])
    late = outage(NOON - DAY, 10 * MINUTE, since=NOON - 30 * DAY)

    count(late)

    day = LevelDay.objects.get(objective=AVAILABILITY, day=(NOON - DAY).date())
    assert day.covered - day.amount == 600


# — every objective, over days, months and years —

EVERY = read_design(
    """# 運用設計書

## 1. 運用方針

### 運用目標
| 項目 | 目標値 |
|---|---|
| 稼働率 | 99.9% |
| レスポンスタイム | 平均500ms以内 |
| エラー率 | 0.1%以下 |

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |
""",
    "運用設計書.md",
)
TIME, ERRORS = "objectives/objective/レスポンスタイム", "objectives/objective/エラー率"


def look(measured: Measured, now: datetime) -> dict[str, ObjectiveReport]:
    objectives = Objectives(measured)  # type: ignore[arg-type]
    levels = objectives.step(plan(EVERY, BINDINGS), EVERY, BINDINGS, now, EVERY.digest)
    return {level.sli.objective.id: level for level in levels}


def from_midnight(values: dict[Metric, tuple[float, float]]) -> Measured:
    """Return a store with one value of each metric on 9 April, and another one from midnight (Tokyo) on."""
    midnight = NOON.replace(hour=0)
    return Measured(lambda metric, at: values[metric][at >= midnight] if at >= midnight - DAY else None)


def test_a_day_begins_at_midnight_of_the_documents_zone() -> None:
    found = look(
        from_midnight(
            {Metric.UP: (0.5, 1.0), Metric.RESPONSE_TIME: (900.0, 300.0), Metric.ERROR_RATE: (2.0, 0.0)}
        ),
        NOON,
    )

    assert (found[AVAILABILITY].today.mean, found[AVAILABILITY].today.covered) == (1.0, 12 * 3600)
    assert found[TIME].today.mean == 300
    assert found[ERRORS].today.mean == 0
    # A full day of the first value and half a day of the second.
    assert found[AVAILABILITY].month.mean == pytest.approx(2 / 3)
    assert found[TIME].month.mean == 700
    assert found[ERRORS].month.mean == pytest.approx(4 / 3)


def test_a_new_month_and_year_start_over_and_past_months_are_kept_with_their_year() -> None:
    measured = Measured(
        lambda metric, at: (0.0 if metric is Metric.UP else 1.0) if at.astimezone(TOKYO).month == 12 else 1.0
    )
    look(measured, datetime(2026, 12, 31, 12, tzinfo=TOKYO))

    found = look(measured, datetime(2027, 1, 1, 0, 10, tzinfo=TOKYO))

    assert found[AVAILABILITY].month.mean == found[AVAILABILITY].year.mean == 1.0
    last = look(measured, datetime(2026, 12, 31, 23, 50, tzinfo=TOKYO))[AVAILABILITY]
    assert last.month.mean == 0.0
    assert 0.0 < (last.year.mean or 0.0) < 1.0


@pytest.mark.parametrize(
    ("metric", "clause", "kept_value", "broken_value"),
    [
        (Metric.RESPONSE_TIME, TIME, 500.0, 500.1),
        (Metric.ERROR_RATE, ERRORS, 0.1, 0.1001),
        (Metric.UP, AVAILABILITY, 0.999, 0.99899),
    ],
)
def test_a_value_at_the_target_conforms_and_one_just_beyond_it_deviates(
    metric: Metric, clause: str, kept_value: float, broken_value: float
) -> None:
    calm = {Metric.UP: 1.0, Metric.RESPONSE_TIME: 100.0, Metric.ERROR_RATE: 0.0}
    for value, verdict in ((kept_value, "conforming"), (broken_value, "deviating")):
        values = {**calm, metric: value}
        look(Measured(lambda of, _at, values=values: values[of]), NOON)  # type: ignore[misc]

        assert shown(clause)[0] == verdict


# — time is played —


ONLY_ERRORS = read_design(
    """# 運用設計書

## 1. 運用方針

### 運用目標
| 項目 | 目標値 |
|---|---|
| エラー率 | 0.1%以下 |

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |
""",
    "運用設計書.md",
)


def played(errors: Callable[[datetime], float], length: timedelta) -> list[tuple[str, str]]:
    """Check every six minutes from noon on; return when the burn alert changed, and to what."""
    measured = Measured(lambda _metric, at: errors(at) if at >= NOON - 6 * HOUR else None)
    objectives = Objectives(measured)  # type: ignore[arg-type]
    indicators = plan(ONLY_ERRORS, BINDINGS)
    changes: list[tuple[str, str]] = []
    for minute in range(0, int(length / MINUTE), 6):
        objectives.step(indicators, ONLY_ERRORS, BINDINGS, NOON + minute * MINUTE, ONLY_ERRORS.digest)
        alert = Alert.objects.filter(key=f"{ERRORS}/burn", resolved_at=None).first()
        condition = alert.condition if alert is not None else "ok"
        if not changes or changes[-1][1] != condition:
            changes.append((f"{minute // 60}:{minute % 60:02}", condition))
    return changes


def test_a_burn_rate_of_15_is_critical_after_an_hour_and_resolved_soon_after_its_end() -> None:
    end = NOON + HOUR + 15 * MINUTE

    found = played(lambda at: 1.5 if NOON <= at < end else 0.0, 2 * HOUR)

    # 14.4 / 15 of an hour is 57.6 minutes; the short window of five minutes recovers quickly.
    assert found == [("0:00", "ok"), ("1:00", "critical"), ("1:18", "ok")]


def test_a_burn_rate_of_10_is_a_warning_once_it_averages_6_over_six_hours() -> None:
    end = NOON + 4 * HOUR

    found = played(lambda at: 1.0 if NOON <= at < end else 0.0, 5 * HOUR)

    # 6 / 10 of six hours is 3:36; after the end, 12 quiet minutes of the short window's 30 are not enough.
    assert found == [("0:00", "ok"), ("3:36", "warning"), ("4:18", "ok")]


def test_planned_maintenance_burns_no_budget_during_or_after_it() -> None:
    begin = NOON + 6 * MINUTE
    orders.announce_maintenance(["API"], "増設", starts_at=begin, ends_at=begin + HOUR, by="nami", now=NOON)

    found = played(lambda at: 100.0 if begin <= at < begin + HOUR else 0.0, 2 * HOUR)

    assert found == [("0:00", "ok")]


def test_a_level_of_zero_failures_is_shown_although_maintenance_had_some() -> None:
    begin = NOON - 2 * HOUR
    orders.announce_maintenance(
        ["API"], "増設", starts_at=begin, ends_at=begin + HOUR, by="nami", now=begin - DAY
    )

    look(Measured(lambda _metric, at: 50.0 if begin <= at < begin + HOUR else 0.0), NOON)

    assert shown(ERRORS)[1].startswith("今月 0.000%")


def test_the_burn_rate_is_stored_for_the_page() -> None:
    found = look(Measured(lambda metric, _at: 0.5 if metric is Metric.ERROR_RATE else 1.0), NOON)

    fast, slow = kept_burns(found[ERRORS].sli)
    assert (round(fast[0].long or 0, 3), round(fast[0].short or 0, 3), fast[1]) == (5, 5, NOON)
    assert round(slow[0].rate, 3) == 5
    assert kept_burns(found[TIME].sli) == []


def test_the_figures_of_today_are_stored_and_shown_while_the_store_is_away() -> None:
    measured = outage(NOON - HOUR, 30 * MINUTE, since=NOON - DAY)
    count(measured)
    sli = plan(DESIGN, BINDINGS).slis[0]
    today = kept(sli.indicator, NOON.date(), (NOON + DAY).date())[NOON.date()]
    assert (today.covered, today.covered - today.amount) == (12 * 3600, 1800)

    measured.is_away = True
    (level, _) = Objectives(measured).step(  # type: ignore[arg-type]
        plan(DESIGN, BINDINGS), DESIGN, BINDINGS, NOON + MINUTE, DESIGN.digest
    )

    assert level.today == today
