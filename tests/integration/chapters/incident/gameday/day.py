"""A game day of a real failure: files that commands make and remove, and rows as the chain writes them."""

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.registered import PARTS
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.incident.gameday import holding
from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.chapters.incident.models import GameDay, Incident, IncidentAlert, IncidentReport, RemedyUse
from toban.chapters.incident.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition
from toban.engine.runs.models import Run
from toban.message import NOTHING, plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
KEY = "game-day/Webサーバーダウン"
ROW = "incident/failure-pattern/Webサーバーダウン"
DOCUMENT = """# 運用設計書
## 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Webサーバー | 死活 | 応答あり | - | 応答なし | 30秒 |
## 障害対応
### 障害レベル定義
| レベル | 定義 | 対応時間 |
|---|---|---|
| Critical | サービス全停止 | 即時対応 (1時間以内復旧) |
### 障害対応フロー
1. 検知
2. 報告書作成
### 主要障害パターンと対処
| 障害パターン | 原因 | 対処 |
|---|---|---|
| Webサーバーダウン | プロセスの停止 | プロセス再起動 |
| DBサーバーダウン | 接続不可 | 再起動 |
## 重要な設計判断
### 障害対応
- **即時検知**: 監視アラートで1分以内に検知
"""
_BREAK = "import pathlib; pathlib.Path('broken').touch(); print('stopped')"
_MEND = "import pathlib; pathlib.Path('broken').unlink(missing_ok=True)"


def bindings(more: str = "", **commands: str) -> str:
    """Return bindings with the failure, made and mended by Python *commands*."""
    made, mended = commands.get("made", _BREAK), commands.get("mended", _MEND)
    return f"""
[faults."Webサーバーダウン"]
break = [{sys.executable!r}, "-c", {made!r}]
restore = [{sys.executable!r}, "-c", {mended!r}]
{more}
"""


@dataclass
class Day:
    """A game day of the failure, with a clock that the test sets."""

    folder: Path
    written: str = field(default_factory=bindings)
    now: datetime = NOON
    document: str = DOCUMENT
    look: timedelta = SECOND
    """How long every look takes."""

    def __post_init__(self) -> None:
        read = read_bindings(self.written, self.folder / "toban.toml", PARTS.schema)
        self.edition = Edition(read_design(self.document, "運用設計書.md"), read, PARTS.kinds)
        self.plan = self.edition.plan(OPERATION)
        self.run = Run.objects.create(
            work=KEY,
            due_at=self.now,
            clause_id=ROW,
            document_digest="",
            ordered_by="nami",
            wake_at=self.now,
            state=Run.State.RUNNING,
        )
        self.turn = FakeTurn(run_id=self.run.pk)
        self.work = holding.works(self.plan, self.clock)[KEY]

    @property
    def planned(self) -> PlannedGameDay:
        """The failure."""
        return self.plan.game_days[KEY]

    @property
    def is_broken(self) -> bool:
        """Whether the failure is there."""
        return (self.folder / "broken").exists()

    @property
    def game_day(self) -> GameDay:
        """Its row, as it is now."""
        return GameDay.objects.get(run=self.run)

    def clock(self) -> datetime:
        """Return the time; every look takes a while."""
        self.now += self.look
        return self.now

    def do(self, *steps: str) -> object:
        """Carry out the steps of the run, and return the result of the last."""
        result: object = None
        for step in self.work.steps:
            if step.name in steps:
                result = step.act(self.turn)
                self.turn.results = {**self.turn.results, step.name: result}
        return result

    def alert(self, after: timedelta = 5 * SECOND, **changed: object) -> Alert:
        """Open the alert that shows the failure, so long after now."""
        at = self.now + after
        told: dict[str, object] = {
            "key": "web/up",
            "clause_id": "monitoring/monitor/Webサーバー/死活",
            "citation": "運用設計書.md:6",
            "clause_text": "Webサーバー | 死活",
            "subject": plain("Webサーバー 死活"),
            "condition": Condition.CRITICAL,
            "labels": {"target": "Webサーバー", "item": "up", "instance": "web-1"},
            "began_at": at,
            "opened_at": at,
            "changed_at": at,
        }
        return Alert.objects.create(**{**told, **changed})

    def incident(self, alert: Alert, after: timedelta = SECOND, **changed: object) -> Incident:
        """Declare the incident of *alert*."""
        at = alert.opened_at + after
        told: dict[str, object] = {
            "title": alert.subject,
            "origin": Incident.Origin.ALERT,
            "level": "Critical",
            "clause_id": "incident/incident-level/Critical",
            "document_digest": "x",
            "why": NOTHING,
            "targets": ["Webサーバー"],
            "began_at": alert.began_at,
            "detected_at": alert.opened_at,
            "updated_at": at,
        }
        found = Incident.objects.create(**{**told, **changed})
        IncidentAlert.objects.create(incident=found, alert=alert, joined_at=at)
        return found

    def remedy(self, alert: Alert, state: str = Run.State.DONE, **changed: object) -> RemedyUse:
        """Have the remedy carried out for *alert*, and its effect seen."""
        at = alert.opened_at + 2 * SECOND
        run = Run.objects.create(
            work="remedy/プロセス再起動",
            due_at=at,
            clause_id=ROW,
            document_digest="",
            ordered_by="trigger",
            wake_at=at,
            state=state,
            began_at=at,
            ended_at=at + 3 * SECOND,
        )
        told: dict[str, object] = {
            "remedy": "プロセス再起動",
            "clause_id": ROW,
            "target": "Webサーバー",
            "alert": alert,
            "run": run,
            "wanted_at": at,
            "said": NOTHING,
            "effect": RemedyUse.Effect.RECOVERED,
        }
        return RemedyUse.objects.create(**{**told, **changed})

    def answer(self) -> Incident:
        """Have the whole chain answer."""
        alert = self.alert()
        incident = self.incident(alert)
        self.remedy(alert)
        incident.recovered_at = alert.resolved_at = alert.opened_at + 20 * SECOND
        incident.save()
        alert.save()
        IncidentReport.objects.create(
            incident=incident,
            kind=IncidentReport.Kind.PRELIMINARY,
            version=1,
            drafted_at=incident.recovered_at + SECOND,
        )
        return incident
