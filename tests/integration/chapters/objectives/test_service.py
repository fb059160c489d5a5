"""Service levels on the tables, from a telemetry store that a test fills."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.objectives.models import LevelDay
from toban.chapters.objectives.service import Objectives, by_day
from toban.chapters.objectives.sli import plan
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.bindings.load import Kinds, read_bindings
from toban.engine.bindings.model import Section
from toban.engine.evidence.models import ClauseStatus
from toban.engine.notify import orders
from toban.engine.notify.alerts import report
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition, Signal
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
    '[targets.API]\nsources = [{ kind = "probe" }]\n', Path("toban.toml"), Kinds(sources={"probe": Probe})
)


class Measured:
    """A telemetry store that knows one value a minute; what *known* says nothing of is a gap."""

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
    """Up all the time from *since* but for one stretch; answers take 212 ms."""

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
    return status.verdict, status.value


def test_a_calm_month_conforms_with_all_of_its_budget() -> None:
    count(outage(NOON, timedelta(0), since=NOON - 30 * DAY))

    assert shown() == ("conforming", "今月 100.000%、予算の残り 43分12秒 (100%)")
    assert shown("objectives/objective/レスポンスタイム") == ("conforming", "今月 212ms")
    assert not Alert.objects.exists()


def test_an_outage_of_half_an_hour_costs_its_time_and_is_kept_with_its_day() -> None:
    start = datetime(2026, 4, 3, 9, tzinfo=TOKYO)
    count(outage(start, 30 * MINUTE, since=NOON - 30 * DAY))

    assert shown()[1] == "今月 99.781%、予算の残り 13分12秒 (31%)"
    day = LevelDay.objects.get(objective=AVAILABILITY, day=start.date())
    assert (day.covered, day.covered - day.amount) == (86_400, 1800)
    # Of ten days so far it is too much; the page says so although some of the month's budget is left.
    assert shown()[0] == "deviating"


def test_planned_maintenance_costs_nothing_but_is_said() -> None:
    start = datetime(2026, 4, 3, 9, tzinfo=TOKYO)
    orders.announce_maintenance(
        ["API"], "増設", starts_at=start, ends_at=start + HOUR, by="nami", now=start - DAY
    )

    count(outage(start, HOUR, since=NOON - 30 * DAY))

    assert shown() == ("warning", "今月 100.000%、予算の残り 43分12秒 (100%)")
    assert "計画メンテナンスを数えると今月 99.561%" in ClauseStatus.objects.get(clause_id=AVAILABILITY).reason


def test_a_gap_is_neither_up_nor_down_and_is_told() -> None:
    count(outage(NOON, timedelta(0), since=NOON - DAY))

    assert shown()[0] == "conforming"
    assert "今月の 10.5% について分かっています" in ClauseStatus.objects.get(clause_id=AVAILABILITY).reason
    sli = plan(DESIGN, BINDINGS).slis[0]
    assert [level for _, level in by_day(sli, TOKYO, NOON, 3)] == [None, None, 100.0]


def test_without_any_measurement_nothing_is_claimed() -> None:
    count(Measured(lambda _metric, _at: None))

    assert shown() == ("not-measurable", "")


def test_a_store_that_is_away_takes_nothing_from_the_days_that_are_kept() -> None:
    measured = outage(NOON, timedelta(0), since=NOON - 30 * DAY)
    count(measured)

    measured.is_away = True
    count(measured, NOON + MINUTE)

    status = ClauseStatus.objects.get(clause_id=AVAILABILITY)
    assert status.value.startswith("今月 100.000%")
    assert "測定履歴を読めません" in status.reason


def test_a_budget_that_burns_is_told_and_told_to_be_over() -> None:
    measured = outage(NOON - 6 * MINUTE, HOUR, since=NOON - 30 * DAY)
    count(measured)

    # 6 of 60 minutes are a hundred times too fast, and it goes on.
    alert = Alert.objects.get(key=f"{AVAILABILITY}/burn")
    assert (alert.condition, alert.resolved_at) == ("critical", None)
    assert "倍の速さで減っています" in alert.value

    count(measured, NOON + 8 * HOUR)
    assert Alert.objects.get(key=f"{AVAILABILITY}/burn").resolved_at is not None


def test_a_budget_that_is_used_up_is_a_warning() -> None:
    count(outage(datetime(2026, 4, 3, 9, tzinfo=TOKYO), HOUR, since=NOON - 30 * DAY))

    assert Alert.objects.get(key=f"{AVAILABILITY}/budget").condition == "warning"
    assert shown()[1].endswith("予算の残り -16分48秒 (0%)")


def test_samples_that_come_late_count_for_yesterday() -> None:
    known: list[Measured] = [outage(NOON, timedelta(0), since=NOON - 30 * DAY)]
    count(known[0])
    late = outage(NOON - DAY, 10 * MINUTE, since=NOON - 30 * DAY)

    count(late)

    day = LevelDay.objects.get(objective=AVAILABILITY, day=(NOON - DAY).date())
    assert day.covered - day.amount == 600


def detect(lag: timedelta, number: int) -> None:
    began = NOON - HOUR
    signal = Signal(
        key=f"k{number}", clause_id="x", citation="d:1", clause_text="x", condition=Condition.WARNING,
        subject="x", value="1", limit="0", began_at=began, detected_at=began + lag,
    )  # fmt: skip
    report([signal], began + lag)


def test_detection_within_a_minute_is_held_against_the_alerts() -> None:
    promise = "decisions/decision/障害対応/即時検知"
    measured = outage(NOON, timedelta(0), since=NOON - DAY)
    count(measured)
    assert shown(promise)[0] == "not-measurable"

    detect(MINUTE, 1)
    count(measured)
    assert shown(promise) == ("conforming", "最長 1分 (30日で 1件)")

    detect(MINUTE + timedelta(seconds=1), 2)
    count(measured)
    assert shown(promise) == ("deviating", "最長 1分1秒 (30日で 2件)")
