"""What chapters say of the past that they keep: alerts, logs, backups, drills, levels."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import PARTS
from tests.telemetry_rows import LogRow, batch_of

from toban.chapters.backup.models import Backup, Drill, LogStretch
from toban.chapters.incident.models import Incident
from toban.chapters.objectives.models import LevelDay
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.hindsight.asking import PlanHindsight, plan_hindsight
from toban.engine.hindsight.question import Hindsight
from toban.engine.notify import alerts
from toban.engine.notify.deciding import hindsight
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import EVENT, Condition, Signal
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.message import NOTHING, plain

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 4, 15, 3, tzinfo=UTC)  # 12:00 in Tokyo
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOCUMENT = """# 運用設計書

## 1. 運用方針

### 運用目標
| 項目 | 目標値 |
|---|---|
| 稼働率 | 99% |

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 開発担当者 | Slack | 即時 |

## 3. ログ管理

### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | Toban | 90日 |

## 4. バックアップ

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代数 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 毎日 2:00 | 10世代 | S3 | - |

### 復旧目標
- RPO (目標復旧時点): 24時間
- RTO (目標復旧時間): 4時間

## 7. 障害対応

### 障害レベル
| レベル | 定義 | 対応時間 | 復旧目標 |
|---|---|---|---|
| Critical | サービス全停止 | 30分 | 4時間 |
"""
BINDINGS = """
[channels.slack]
kind = "slack"
webhook = "env:SLACK"

[people."開発担当者"]

[targets.API]
sources = [{ kind = "http", url = "http://127.0.0.1:9/" }]

[stores.S3]
kind = "directory"
path = "/var/backups"

[backups.PostgreSQL]
kind = "native"
dsn = "env:DSN"
"""


def edition(text: str) -> Edition:
    bindings = read_bindings(BINDINGS, Path("toban.toml"), PARTS.schema)
    return Edition(read_design(text, "運用設計書.md"), bindings, PARTS.kinds)


def look_back(store: StoreProcess, *replaced: tuple[str, str], days: int = 30) -> PlanHindsight:
    new = DOCUMENT
    for before, after in replaced:
        assert before in new
        new = new.replace(before, after)
    return plan_hindsight(
        edition(DOCUMENT), edition(new), days, NOW, telemetry=store.telemetry, ports=PARTS.ports, seconds=60
    )


def answers(found: PlanHindsight) -> Sequence[Hindsight]:
    (row,) = found.rows
    return row.found


def alert(number: int, condition: Condition, opened: datetime, lasts: timedelta) -> None:
    def report(said: Condition, at: datetime) -> None:
        signal = Signal(
            key=f"cpu/{number}", clause_id="monitor", citation="", clause_text="", condition=said,
            subject=plain("CPU"), value=NOTHING, limit=NOTHING, began_at=at, detected_at=at,
        )  # fmt: skip
        alerts.report([signal], at)

    report(condition, opened)
    report(Condition.OK, opened + lasts)


def test_a_matrix_without_a_level_says_who_is_told_nothing_any_more(store: StoreProcess) -> None:
    for number in range(3):
        alert(number, Condition.CRITICAL, NOW - number * DAY - HOUR, HOUR / 2)

    found = look_back(store, ("| 異常 (Critical) | 開発担当者 |", "| 異常 (Critical) | #ops |"))

    (told,) = answers(found)
    assert told.values["alerts"] == 3
    assert told.values["old"] == {"told": {"開発担当者": 6}, "told_twice": 0}
    assert told.is_adverse


def test_more_alerts_than_are_replayed_are_said_though_some_only_told_of_an_event(
    store: StoreProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hindsight, "_MOST", 3)
    for number in range(5):
        alert(number, Condition.CRITICAL, NOW - number * DAY - HOUR, HOUR / 2)
    Alert.objects.filter(key="cpu/0").update(labels={EVENT: "cpu/0"})

    (told,) = answers(look_back(store, ("| 異常 (Critical) | 開発担当者 |", "| 異常 (Critical) | #ops |")))

    assert told.values["alerts"] == 3
    assert "hindsight.newest-alerts" in [each.code for each in told.said]


def test_shorter_retention_says_what_goes_on_the_day_after(store: StoreProcess) -> None:
    store.telemetry.ensure_schema()
    store.telemetry.do("TRUNCATE TABLE logs", {})
    rows = [
        LogRow(
            "access", (NOW - back * DAY).date().isoformat(), (NOW - back * DAY).timestamp(), "INFO", "shop",
            "", "", "", "", "", "", "", "", 0, 0.0, {}, "shop", number,
        )
        for number, back in enumerate((1, 29, 40, 80))
    ]  # fmt: skip
    LogStore(store.telemetry).write(batch_of(key_of("access", uuid4().hex, b""), rows))

    (lost,) = answers(look_back(store, ("| Toban | 90日 |", "| Toban | 30日 |")))
    (kept,) = answers(look_back(store, ("| Toban | 90日 |", "| Toban | 180日 |")))

    assert (lost.values["rows"], lost.is_adverse) == (2, True)
    assert lost.values["bytes"] > 0  # type: ignore[operator]
    assert (kept.said[0].code, kept.is_adverse) == ("hindsight.nothing-deleted", False)


def backup(ended: datetime, **more: Any) -> None:
    Backup.objects.create(
        subject="PostgreSQL", label=f"{ended:%Y%m%dT%H%M}-full", clause_id="", method="full", engine="native",
        engine_version="1", server_version="18", system_id="7", store="main", started_at=ended - HOUR,
        ended_at=ended, restorable_to=ended, stored_bytes=1000, verified_at=ended, **more,
    )  # fmt: skip


def test_fewer_generations_say_which_backups_go(store: StoreProcess) -> None:
    for back in range(10):
        backup(NOW - back * DAY)

    (gone,) = answers(look_back(store, ("10世代", "3世代")))

    assert (len(gone.values["backups"]), gone.values["bytes"]) == (7, 7000)  # type: ignore[arg-type]
    assert gone.is_adverse


def test_an_rpo_says_which_share_of_the_time_it_was_kept(store: StoreProcess) -> None:
    for back in range(10):
        backup(NOW - back * DAY - 12 * HOUR)

    drills, kept = answers(look_back(store, ("24時間", "12時間")))

    assert drills.values["unknown"]["code"] == "hindsight.no-drills"  # type: ignore[index]
    assert kept.values["share"] == pytest.approx(0.5, abs=0.03)
    assert kept.is_adverse


def test_an_rpo_that_was_broken_for_minutes_was_not_kept_all_the_time(store: StoreProcess) -> None:
    for number in range(70):
        late = timedelta(minutes=10) if number == 7 else timedelta()
        backup(NOW - number * DAY / 2 - HOUR + late)

    _, kept = answers(look_back(store, ("24時間", "12時間")))

    assert kept.values["share"] == pytest.approx(0.9998, abs=0.0001)
    assert kept.said[0].values["share"] == "99.9"
    assert kept.is_adverse


def test_an_rpo_with_a_stored_log_is_measured_by_drills_alone(store: StoreProcess) -> None:
    backup(NOW - DAY)
    LogStretch.objects.create(
        subject="PostgreSQL", system_id="7", timeline=1, first_lsn="0/1", last_lsn="0/2", durable_to=NOW
    )
    for minutes in (5, 20, 40):
        Drill.objects.create(
            subject="PostgreSQL",
            started_at=NOW - DAY,
            ended_at=NOW,
            rpo_seconds=minutes * 60.0,
            is_passed=True,
        )

    drills, progress = answers(look_back(store, ("24時間", "30分")))

    assert (drills.values["drills"], drills.values["met"], drills.is_adverse) == (3, 2, True)
    assert progress.values["unknown"]["code"] == "hindsight.log-progress-not-stored"  # type: ignore[index]


def day(of: date, up: float) -> None:
    LevelDay.objects.create(
        objective="objectives/objective/稼働率",
        day=of,
        measured_by="up API",
        covered=86400.0,
        amount=86400.0 * up,
        planned_covered=0,
        planned_amount=0,
    )


def test_a_level_says_on_how_many_days_it_would_have_been_met(store: StoreProcess) -> None:
    for back in range(1, 11):
        day(NOW.date() - timedelta(days=back), 0.995 if back > 2 else 0.9995)

    (level,) = answers(look_back(store, ("99%", "99.9%")))

    assert level.values["old"]["days_met"] == 10  # type: ignore[index]
    assert level.values["new"]["days_met"] == 2  # type: ignore[index]
    assert level.said[1].values["count"] == 20
    assert level.is_adverse


def test_a_level_of_incidents_says_how_many_would_have_kept_its_times(store: StoreProcess) -> None:
    for minutes, hours in ((5, 1), (20, 3), (25, 6)):
        Incident.objects.create(
            origin=Incident.Origin.ALERT,
            level="Critical",
            began_at=NOW - DAY,
            detected_at=NOW - DAY,
            responded_at=NOW - DAY + timedelta(minutes=minutes),
            recovered_at=NOW - DAY + hours * HOUR,
            updated_at=NOW,
        )

    (times,) = answers(look_back(store, ("| 30分 | 4時間 |", "| 15分 | 2時間 |")))

    assert times.values["old"] == {"response_kept": 3, "recovery_kept": 2}
    assert times.values["new"] == {"response_kept": 1, "recovery_kept": 1}
    assert times.is_adverse


def test_a_level_without_incidents_is_unknown(store: StoreProcess) -> None:
    (times,) = answers(look_back(store, ("| 30分 | 4時間 |", "| 15分 | 2時間 |")))

    assert times.values["unknown"]["code"] == "hindsight.no-incidents"  # type: ignore[index]
