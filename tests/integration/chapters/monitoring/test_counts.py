"""A row of the document that counts log rows, from the store to verdict and alert."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import schema
from tests.telemetry_rows import LogRow, batch_of

from toban.chapters.monitoring.measuring.board import MeasuringBoard
from toban.chapters.monitoring.measuring.feeds import plan
from toban.chapters.monitoring.service import Monitoring
from toban.chapters.monitoring.sources.logs import KIND
from toban.chapters.monitoring.sources.logs.source import LogsSource
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence.models import ClauseStatus
from toban.engine.notify.models import Alert
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 26, 3, tzinfo=UTC)
DOCUMENT = """# 運用設計書
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | ERRORログ | 0-2件 | 5分間に3件以上 | 5分間に10件以上 | 1分 |
| API | 決済の失敗 | - | 5分間に1件以上 | - | 1分 |
| API | WARNING | - | - | 100件以上 | 1分 |
"""
BINDINGS = """
[targets.API]
sources = [{ kind = "logs", query = "service:shop-api", items = { "決済の失敗" = '"card declined"' } }]
"""
ERRORS, DECLINED = "monitoring/monitor/API/ERRORログ", "monitoring/monitor/API/決済の失敗"


class Stage:
    """Monitoring of the document, with log rows written by a test."""

    def __init__(self, child: StoreProcess, bindings: str = BINDINGS) -> None:
        store = child.telemetry
        store.do("TRUNCATE TABLE logs", {})
        self.store, self.now, self.samples = store, NOON, list[Sample]()
        kinds = {"logs": replace(KIND, build=lambda config: LogsSource(config, lambda: store))}
        self.board = MeasuringBoard(kinds, lambda: self.now)
        self.monitoring = Monitoring(self.board, self, lambda: None)
        design = read_design(DOCUMENT, "運用設計書.md")
        bound = read_bindings(bindings, Path("toban.toml"), schema(sources={"logs": KIND.config}))
        self.plan = plan(design, bound, kinds)
        self.monitoring.adopt(self.plan, design.digest, self.now)

    def add(self, samples: Sequence[Sample]) -> None:
        self.samples.extend(samples)

    def write(
        self, count: int, level: str, *, back: float = 60, message: str = "", name: str = "shop-api"
    ) -> None:
        at = self.now - timedelta(seconds=back)
        rows = [
            LogRow(
                "application", f"{at:%Y-%m-%d}", at.timestamp(), level, name, message, "", "", "", "", "", "",
                "", 0, 0.0, {}, "shop", number,
            )
            for number in range(1, count + 1)
        ]  # fmt: skip
        LogStore(self.store).write(batch_of(key_of("shop", "", f"{level}{at}{count}{name}".encode()), rows))

    def measure(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            self.monitoring.step(self.now)
            for thread in threading.enumerate():
                if thread.name.startswith("measure"):
                    thread.join(10)
            self.monitoring.step(self.now)
            self.now += timedelta(seconds=15)


def shown(clause: str = ERRORS) -> ClauseStatus:
    return ClauseStatus.objects.get(clause_id=clause)


@pytest.mark.parametrize(("count", "verdict"), [(2, "conforming"), (3, "warning"), (10, "deviating")])
def test_the_number_of_rows_in_the_window_decides(store: StoreProcess, count: int, verdict: str) -> None:
    stage = Stage(store)
    stage.write(count, "ERROR")
    stage.write(50, "ERROR", name="blog")
    stage.write(50, "INFO")

    stage.measure()

    assert (shown().verdict, str(shown().value)) == (verdict, f"{count}件")


def test_the_alert_cites_the_row_and_names_the_search(store: StoreProcess) -> None:
    stage = Stage(store)
    stage.write(12, "ERROR")

    stage.measure()

    alert = Alert.objects.get(clause_id=ERRORS)
    assert (alert.condition, alert.citation, str(alert.limit)) == (
        "critical",
        "運用設計書.md:6",
        "異常 5分間に10件以上",
    )
    assert (str(alert.subject), str(alert.value)) == ("API ERRORログ", "12件")
    assert alert.labels["target"] == "API"
    assert alert.labels["instance"] == "service:shop-api level:ERROR"


def test_an_alert_resolves_once_the_rows_have_left_the_window(store: StoreProcess) -> None:
    stage = Stage(store)
    stage.write(10, "ERROR", back=200)
    stage.measure()
    assert shown().verdict == "deviating"

    stage.measure(rounds=12)

    assert shown().verdict == "conforming"
    assert not Alert.objects.filter(clause_id=ERRORS, resolved_at=None)


def test_each_row_is_counted_separately_and_has_its_own_series(store: StoreProcess) -> None:
    stage = Stage(store)
    stage.write(12, "ERROR")
    stage.write(1, "INFO", message="Card DECLINED by issuer", back=61)

    stage.measure()

    assert (shown(DECLINED).verdict, str(shown(DECLINED).value)) == ("warning", "1件")
    assert {(each.target, each.value) for each in stage.samples} == {(ERRORS, 12.0), (DECLINED, 1.0)}


def test_a_row_without_a_window_is_unbound_until_the_bindings_name_one(store: StoreProcess) -> None:
    assert 'window = "5分"' in str(next(iter(Stage(store).plan.unbound.values())))

    stage = Stage(store, BINDINGS.replace("query =", 'window = "10分", query ='))
    stage.write(100, "WARNING", back=500)
    stage.measure()

    assert stage.plan.unbound == {}
    assert str(shown("monitoring/monitor/API/WARNING").value) == "100件（10分間）"


def test_nothing_is_green_when_no_log_line_arrives(store: StoreProcess) -> None:
    stage = Stage(store)

    stage.measure(rounds=9)

    assert shown().verdict == "not-measurable"
    assert "「service:shop-api」のログが1日のあいだ一行も届いていません" in str(shown().reason)


def test_no_match_among_many_rows_is_a_real_zero(store: StoreProcess) -> None:
    stage = Stage(store)
    stage.write(5, "INFO", back=7200)

    stage.measure()

    assert (shown().verdict, str(shown().value)) == ("conforming", "0件")
