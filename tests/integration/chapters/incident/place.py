"""A system with incidents: its document in force, alerts as its monitors report them, a real ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from tests.registered import PARTS

from toban.chapters.incident import orders
from toban.chapters.incident.declaring import declare
from toban.chapters.incident.models import Incident, IncidentReport, PreventionMeasure
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.orders import IncidentOrder
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.rows.report import report
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.approvals.answers import Giver
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.orders import acknowledge
from toban.engine.notify.signal import UNREACHABLE, WHOLE_TARGET, Condition, Signal
from toban.engine.people.models import Operator
from toban.engine.runs.scheduler import plan_due
from toban.message import plain

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 25, 12, tzinfo=TOKYO)
"""A Wednesday; two days before it was a public holiday."""
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=each) for each in (1, 60, 3600, 86400))
LEVELS = """### 障害レベル定義
| レベル | 定義 | 対応時間 |
|-------|------|---------|
| Critical | サービス全停止 | 即時対応 (1時間以内復旧) |
| High | 主要機能停止 | 1時間以内対応 (4時間以内復旧) |
| Medium | 一部機能停止 | 4時間以内対応 |
| Low | 軽微な不具合 | 1営業日以内対応 |
"""
FLOW = """### 障害対応フロー
```
1. 障害検知 (監視アラート or ユーザー報告)
2. 一次切り分け (ログ確認、状況把握)
3. 関係者通知 (Slack)
4. 原因調査
5. 暫定対応 (ロールバック、サービス再起動等)
6. 恒久対応 (バグ修正、リリース)
7. 報告書作成
8. 再発防止策実施
```
"""
DOCUMENT = f"""# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 平日 9:00-18:00 |
## 2. 監視
### 監視項目
| 監視対象 | 監視項目 | 正常範囲 | 警告 | 異常 |
|---|---|---|---|---|
| Webサーバー | 死活 | 応答あり | - | 応答なし |
| Webサーバー | CPU使用率 | 0-60% | 70%以上 | 85%以上 |
| APIサーバー | レスポンスタイム | 0-500ms | 1000ms以上 | 3000ms以上 |
| APIサーバー | エラー率 | 0-1% | 3%以上 | 5%以上 |
| DBサーバー | 死活 | 応答あり | - | 応答なし |
| DBサーバー | ディスク使用率 | 0-60% | 70%以上 | 85%以上 |
### アラート通知
| レベル | 通知先 | 通知方法 |
|---|---|---|
| 異常 | 運用責任者 | Slack |
| 警告 | 運用責任者 | Slack |
| 情報 | 運用責任者 | Slack |
## 7. 障害対応
{LEVELS}
{FLOW}"""
BINDINGS = """
[people."運用責任者"]
account = "nami"
[people."開発担当者"]
account = "ren"
"""
WEB, API, DB = "Webサーバー", "APIサーバー", "DBサーバー"


@dataclass
class Place:
    """`look` does what the loop does; `fires` and `ends` report what a monitor reports."""

    now: datetime = NOON
    bindings: str = BINDINGS
    document: str = DOCUMENT
    edition: Edition = field(init=False)
    plan: IncidentPlan = field(init=False)

    def __post_init__(self) -> None:
        self.take()

    def take(self, bindings: str = "", document: str = "") -> Self:
        """Put an edition in force."""
        self.bindings, self.document = bindings or self.bindings, document or self.document
        read = read_bindings(self.bindings, Path("toban.toml"), PARTS.schema)
        self.edition = Edition(read_design(self.document, "運用設計書.md"), read, PARTS.kinds)
        self.plan = self.edition.plan(OPERATION)
        plan_due(self.plan.tasks.values(), self.now)
        return self

    def pass_(self, time: timedelta) -> Self:
        self.now += time
        return self

    def monitor(self, target: str, metric: Metric) -> Monitor:
        rows = self.edition.design.of(Monitor)
        return next(each for each in rows if each.target == target and each.metric is metric)

    def fires(
        self,
        target: str,
        metric: Metric,
        condition: Condition = Condition.CRITICAL,
        *,
        instance: str = "1",
        is_whole: bool = True,
        is_unreachable: bool = False,
    ) -> Alert:
        """Have a monitor report *condition*; return the alert."""
        row = self.monitor(target, metric)
        labels = {"target": target, "item": metric.value, "instance": instance}
        labels |= {WHOLE_TARGET: "yes"} if is_whole else {}
        labels |= {UNREACHABLE: "yes"} if is_unreachable else {}
        signal = Signal(
            key=f"{row.id}/{instance}",
            clause_id=row.id,
            citation=str(row.origin),
            clause_text=row.text,
            condition=condition,
            subject=plain(f"{target} {row.item}"),
            value=plain(condition.value),
            limit=plain("limit"),
            began_at=self.now,
            detected_at=self.now,
            labels=labels,
        )
        alerts.report([signal], self.now, self.edition.design.digest)
        return Alert.objects.filter(key__startswith=signal.key).latest("pk")

    def ends(self, target: str, metric: Metric, *, instance: str = "1") -> None:
        self.fires(target, metric, Condition.OK, instance=instance)

    def look(self) -> None:
        """Do what the loop does."""
        declare.look(self.plan, self.edition, self.now)

    def giver(self, name: str = "nami") -> Giver:
        return Giver(Operator.objects.get(username=name), has_proved=True)

    def order(self, name: str = "nami") -> IncidentOrder:
        return IncidentOrder(self.giver(name), self.edition, self.plan)

    def incident(self) -> Incident:
        """Return the only incident that is a part of no other."""
        return Incident.objects.get(merged_into=None)

    def level(self, name: str) -> str:
        """Return the id of the level's row."""
        found = self.plan.level(name)
        assert found is not None
        return found.id

    def verdict(self, row: str) -> Verdict:
        return Verdict(ClauseStatus.objects.get(clause_id=row).verdict)

    def said(self, row: str) -> str:
        return str(ClauseStatus.objects.get(clause_id=row).reason)

    def acts(self) -> Sequence[str]:
        """Return what the evidence records about incidents, in order."""
        entries = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT).order_by("sequence")
        found = (str(each.content.get("order", "")) for each in entries)
        return [each for each in found if each.startswith("incident-")]

    def tell(self) -> None:
        """Do what the loop does that shows the rows."""
        report(self.plan, self.edition, self.now)

    def approve_report(self, incident: Incident) -> None:
        """Have the final report of *incident* approved."""
        IncidentReport.objects.create(
            incident=incident, kind=IncidentReport.Kind.FINAL, state=IncidentReport.State.APPROVED, version=1,
            drafted_at=self.now, approved_at=self.now, approved_by="上原",
        )  # fmt: skip

    def name_measure(self, incident: Incident, *, is_kept: bool = False) -> PreventionMeasure:
        """Name a measure against a recurrence of *incident*."""
        return PreventionMeasure.objects.create(
            incident=incident, words="メモリ上限を見直す", kind=PreventionMeasure.Kind.CHANGE,
            reference="a1b2c3", owner="ren", due_on=self.now.date(), recorded_at=self.now, recorded_by="nami",
            kept_at=self.now if is_kept else None,
        )  # fmt: skip

    def outage(self, *, answered: timedelta | None = MINUTE, over: timedelta = 30 * MINUTE) -> Incident:
        """Have the web servers be down for *over*, answered after *answered*; return the incident."""
        began = self.now
        alert = self.fires(WEB, Metric.UP)
        self.look()
        if answered is not None:
            self.now = began + answered
            acknowledge(alert.pk, by="ren", now=self.now)
            self.look()
        self.now = began + over
        self.ends(WEB, Metric.UP)
        self.look()
        self.pass_(SECOND).look()
        return Incident.objects.latest("pk")

    def close(self, incident: Incident) -> Incident:
        """Have everything owed given, and the incident closed."""
        self.approve_report(incident)
        self.name_measure(incident, is_kept=True)
        self.look()
        return orders.close(incident.pk, self.order(), self.now)
