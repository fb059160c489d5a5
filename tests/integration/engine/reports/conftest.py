"""A document, and an October about which the records of every chapter say something."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.registered import PARTS

from toban.chapters.backup.models import Backup, Drill
from toban.chapters.incident.models import Incident
from toban.chapters.objectives.models import LevelDay
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.exceptions.models import RowException
from toban.engine.notify.models import Alert
from toban.engine.reports.month import month_named
from toban.engine.reports.monthly import MonthlyReport, make
from toban.engine.runs.models import PlannedWork, Run
from toban.message import plain

TOKYO = ZoneInfo("Asia/Tokyo")
START = datetime(2026, 10, 1, tzinfo=TOKYO)
END = datetime(2026, 11, 1, tzinfo=TOKYO)
LATER = datetime(2026, 11, 2, 9, tzinfo=TOKYO)
"""When the report on October is made."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用目標
| 項目 | 目標値 |
|---|---|
| 稼働率 | 99.9% |
| 同時接続数 | 1000以上 |
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 田中 | 24時間365日 |
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |
| API | CPU使用率 | 0-60% | 70% | 85% | 1分 |
## 4. バックアップ
### バックアップ方針
| 対象 | 方式 | 頻度 | 世代数 | 保管先 |
|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 毎日 3:00 | 7世代 | S3 |
## 6. バッチ
### バッチ一覧
| バッチID | バッチ名 | 実行頻度 | 開始時刻 | 処理内容 | 異常時対応 |
|---|---|---|---|---|---|
| B001 | 日次集計 | 毎日 | 2:00 | 売上を集計する | アラート |
## 10. 定期作業
| 作業 | 頻度 | 担当 |
|---|---|---|
| ログ確認 | 毎週月曜 10:00 | 運用責任者 |
"""
BINDINGS = """
[system]
name = "ショップ"
[targets.API]
sources = [{ kind = "http", url = "http://127.0.0.1:9/" }]
[people."運用責任者"]
account = "tanaka"
[people."田中花子"]
account = "hanako"
"""
AVAILABILITY = "objectives/objective/稼働率"
CPU = "monitoring/monitor/API/CPU使用率"
RESPONSE = "monitoring/monitor/API/レスポンスタイム"


def edition_of(document: str = DOCUMENT, bindings: str = "") -> Edition:
    return Edition(
        read_design(document, "運用設計書.md"),
        read_bindings(BINDINGS + bindings, Path("toban.toml"), PARTS.schema),
        PARTS.kinds,
    )


def report_on(name: str = "2026-10", now: datetime = LATER, document: str = DOCUMENT) -> MonthlyReport:
    return make(edition_of(document), PARTS, month_named(name, TOKYO, now))


def number(report: MonthlyReport, key: str) -> float | None:
    return report.figures[key].number


def judged(clause_id: str, verdict: Verdict, at: datetime, **more: Any) -> None:
    """Show a verdict as its chapter does: changes go into the evidence."""
    update = StatusUpdate(clause_id, verdict, plain("値"), plain("理由"), at.astimezone(UTC), **more)
    status.show([update], at.astimezone(UTC), "d" * 64)


def level_day(when: date, *, lost: float = 0.0, covered: float = 86_400.0, planned: float = 0.0) -> None:
    LevelDay.objects.create(
        objective=AVAILABILITY, day=when, covered=covered, amount=covered - lost, planned_covered=planned,
        planned_amount=0.0, measured_by="up API",
    )  # fmt: skip


def alert(opened: datetime, *, clause: str = CPU, minutes: float | None = 30, **more: Any) -> Alert:
    wanted: dict[str, Any] = {
        "key": f"{clause}/{opened.isoformat()}", "clause_id": clause, "citation": "運用設計書.md:16",
        "clause_text": "API", "condition": "warning", "labels": {}, "subject": plain("API"), **more,
    }  # fmt: skip
    over = opened + timedelta(minutes=minutes) if minutes is not None else None
    return Alert.objects.create(
        began_at=opened, opened_at=opened, changed_at=opened, resolved_at=over, **wanted
    )


def incident(
    detected: datetime, *, response: timedelta | None, recovery: timedelta | None, **more: Any
) -> Incident:
    return Incident.objects.create(
        title=plain("決済が遅い"), origin=Incident.Origin.PERSON, document_digest="d", began_at=detected,
        detected_at=detected, updated_at=detected,
        responded_at=detected + response if response is not None else None,
        recovered_at=detected + recovery if recovery is not None else None, **more,
    )  # fmt: skip


def run(work: str, due: datetime, state: str, note: str = "") -> Run:
    ended = due + timedelta(minutes=5) if state in ("done", "failed") else None
    return Run.objects.create(
        work=work, due_at=due, clause_id=work, document_digest="d", ordered_by="schedule", state=state,
        reason="succeeded" if state == "done" else "failed", wake_at=due, note=plain(note),
        began_at=due if ended else None, ended_at=ended,
    )  # fmt: skip


def work(key: str, *, is_task: bool = False) -> None:
    PlannedWork.objects.create(key=key, clause_id=key, rule="r", planned_until=END, is_task=is_task)


BATCH, TASK = "batch/batch/B001", "routine/routine/ログ確認"


@pytest.fixture
def october(db: None) -> None:
    """Fill the month: one thing of each kind, some just outside of it."""
    lasting = {"next_due": END + 30 * DAY}
    judged(RESPONSE, Verdict.CONFORMING, START - DAY, **lasting)
    judged(CPU, Verdict.CONFORMING, START + HOUR, **lasting)
    judged(CPU, Verdict.WARNING, START + 2 * DAY, **lasting)
    for day in range(1, 31):
        # Together with the entries above, every day but the last has evidence.
        judged(f"gone/{day}", Verdict.CONFORMING, START + timedelta(days=day - 1, hours=3))
    for day in range(1, 32):
        level_day(
            date(2026, 10, day),
            lost={3: 600.0, 20: 3600.0}.get(day, 0.0),
            planned=3600.0 if day == 20 else 0.0,
            covered=43_200.0 if day == 31 else 86_400.0,
        )
    level_day(date(2026, 9, 30), lost=86_400.0)
    level_day(date(2026, 11, 1), lost=86_400.0)
    alert(START - timedelta(seconds=1))
    alert(START, acknowledged_at=START + timedelta(minutes=10), acknowledged_by="hanako")
    alert(START + DAY, condition="critical", minutes=90)
    alert(END - timedelta(seconds=1), condition="no-data", minutes=None)
    alert(END)
    alert(START + 2 * DAY, labels={"event": "1"}, condition="info")
    incident(START + DAY, response=timedelta(minutes=5), recovery=timedelta(minutes=60))
    incident(START + 2 * DAY, response=None, recovery=None)
    incident(START + 3 * DAY, response=None, recovery=None, is_drill=True)
    incident(END, response=None, recovery=None)
    work(BATCH)
    work(TASK, is_task=True)
    for day, state in enumerate(("done", "failed", "missed", "shadow", "waiting"), 1):
        run(BATCH, START + timedelta(days=day), state, "hanako が止めた")
    run(BATCH, END, "failed")
    run(TASK, START + DAY, "done")
    run(TASK, START + 8 * DAY, "missed")
    Backup.objects.create(
        subject="PostgreSQL", label="1", clause_id="backup/backup-policy/PostgreSQL/フルバックアップ",
        method="full", engine="native", started_at=START, ended_at=START + HOUR, restorable_to=START,
        stored_bytes=1_000_000,
    )  # fmt: skip
    Drill.objects.create(subject="PostgreSQL", started_at=START + DAY, is_passed=True, rto_seconds=120.0)
    RowException.objects.create(
        clause_id=CPU, clause_text="API | CPU使用率", citation="運用設計書.md:16", subject="api-1",
        reason="田中花子が交換を待つ", author_name="hanako", asked_at=START, ends_at=END + 5 * DAY,
        granted_at=START + HOUR, granted_by="tanaka",
    )  # fmt: skip
