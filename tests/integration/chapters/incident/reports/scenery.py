"""An incident with real alerts, notifications, changes and runs."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.registered import PARTS

from toban.chapters.incident.models import Incident, IncidentAlert, IncidentReport, TimelineEntry
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.reports.orders import ReportDesk
from toban.chapters.incident.timeline.gathering import Gathering
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import read_design
from toban.design.values.people import ChannelKind
from toban.engine.approvals.answers import Giver
from toban.engine.bindings.load import read_bindings
from toban.engine.changes import recording
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.recorded import RecordedChange
from toban.engine.editions.edition import Edition
from toban.engine.notify import alerts, orders
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.models import Alert, Delivery
from toban.engine.notify.routing.contacts import BoundChannel, Contacts
from toban.engine.notify.signal import Condition, Signal
from toban.engine.people.models import Operator
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.telemetry.store import Telemetry
from toban.message import plain

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 4, 6, 12, tzinfo=TOKYO)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=each) for each in (1, 60, 3600, 86400))
NOWHERE = "http://toban:x@127.0.0.1:9/toban"
"""No telemetry store listens there."""
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 田中 | 24時間365日 |
| 開発担当者 | 佐藤 | 24時間365日 |
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Webサーバー | 死活 | 応答あり | - | 応答なし | 1分 |
| Webサーバー | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| DBサーバー | CPU使用率 | 0-60% | 70% | 85% | 1分 |
### アラート通知
| レベル | 通知先 | 通知方法 |
|---|---|---|
| 異常 | 運用責任者 | メール |
| 警告 | 運用責任者 | メール |
| 情報 | 運用責任者 | メール |
## 7. 障害対応
### 障害レベル定義
| レベル | 定義 | 対応時間 |
|-------|------|---------|
| Critical | サービス全停止 | 即時対応 (1時間以内復旧) |
| Low | 軽微な不具合 | 1営業日以内対応 |
### 障害対応フロー
1. 障害検知
2. 暫定対応
3. 報告書作成
4. 再発防止策実施
"""
BINDINGS = """
[targets."Webサーバー"]
sources = [{ kind = "tcp", address = "10.0.3.7:80", instance = "web-1:80" }]
[people."運用責任者"]
name = "田中花子"
account = "tanaka"
email = "tanaka@example.com"
[people."開発担当者"]
name = "佐藤太郎"
account = "sato"
"""


@dataclass
class Scenery:
    """A system with one incident; `now` moves on."""

    edition: Edition
    now: datetime = NOON
    incident: Incident = field(init=False)

    def __post_init__(self) -> None:
        level = self.plan.level("Critical")
        assert level is not None
        self.incident = Incident.objects.create(
            title=plain("web-1 が停止"),
            origin=Incident.Origin.ALERT,
            level="Critical",
            clause_id=level.id,
            document_digest=self.edition.design.digest,
            targets=["Webサーバー"],
            began_at=NOON - MINUTE,
            detected_at=NOON,
            respond_by=NOON + 5 * MINUTE,
            recover_by=NOON + HOUR,
            updated_at=NOON,
        )

    @property
    def plan(self) -> IncidentPlan:
        return self.edition.plan(OPERATION)

    @property
    def desk(self) -> ReportDesk:
        return ReportDesk(self.edition, self.plan, PARTS.ports, Telemetry(NOWHERE))

    def fire(
        self,
        target: str = "Webサーバー",
        item: str = "死活",
        condition: Condition = Condition.CRITICAL,
        value: str = "応答なし",
        *,
        joins: bool = True,
        instance: str = "web-1:80",
    ) -> Alert:
        """Report *condition* of a monitor, as chapter 2 does; return its newest alert."""
        rows = self.edition.design.of(Monitor)
        row = next(each for each in rows if (each.target, each.item) == (target, item))
        reported = Signal(
            key=f"{row.id}/{instance}",
            clause_id=row.id,
            citation=str(row.origin),
            clause_text=row.text,
            condition=condition,
            subject=plain(f"{target} {item}"),
            value=plain(value),
            limit=plain("異常"),
            began_at=self.now,
            detected_at=self.now,
            labels={"target": target, "item": item, "instance": instance},
        )
        alerts.report([reported], self.now, self.edition.design.digest)
        found = Alert.objects.filter(key=reported.key).latest("pk")
        if joins and condition is not Condition.OK:
            IncidentAlert.objects.get_or_create(
                alert=found, defaults={"incident": self.incident, "joined_at": self.now}
            )
        return found

    def acknowledge(self, alert: Alert, by: str = "sato") -> None:
        orders.acknowledge(alert.pk, by=by, now=self.now)
        self.incident.responded_at, self.incident.responded_by = self.now, by
        self.incident.save()

    def recover(self) -> None:
        self.incident.recovered_at = self.now
        self.incident.save()

    def tell(self) -> list[Delivery]:
        """Run the pipeline; have everything delivered."""
        announce(self.edition.design, CONTACTS, self.now)
        waiting = Delivery.objects.filter(state=Delivery.State.WAITING)
        waiting.update(state=Delivery.State.DELIVERED, settled_at=self.now, receipt="250 OK")
        return list(Delivery.objects.order_by("pk"))

    def change(self, text: str = "shop 1.4.2", *about: str, version: str = "", url: str = "") -> None:
        """Record a change, as a pipeline does."""
        names = about or ("Webサーバー",)
        wanted = RecordedChange(kind=ChangeKind.RELEASE, text=text, about=names, version=version, url=url)
        recording.record(wanted, by="ci", now=self.now)

    def run(self, work: str, state: Run.State, clause_id: str = "batch/batch/夜間", *, at: datetime) -> Run:
        PlannedWork.objects.get_or_create(
            key=work, defaults={"clause_id": clause_id, "rule": "", "planned_until": at}
        )
        return Run.objects.create(
            work=work,
            due_at=at,
            clause_id=clause_id,
            document_digest=self.edition.design.digest,
            ordered_by="schedule",
            state=state,
            reason="done",
            wake_at=at,
            began_at=at,
            ended_at=None if state == Run.State.RUNNING else at + MINUTE,
        )

    def gather(self) -> None:
        Gathering(Telemetry(NOWHERE), PARTS.ports).step(self.edition, self.now)

    def pass_(self, time: timedelta) -> None:
        self.now += time
        self.incident.refresh_from_db()

    def lines(self) -> list[str]:
        """Return what the timeline says, in order."""
        return [str(each.said) for each in self.entries()]

    def entries(self) -> list[TimelineEntry]:
        return list(self.incident.timeline.order_by("at", "pk"))

    def keys(self) -> set[str]:
        return {each.key for each in self.entries()}

    def giver(self, name: str) -> Giver:
        return Giver(Operator.objects.get(username=name), has_proved=True)

    def report(self, kind: IncidentReport.Kind = IncidentReport.Kind.FINAL) -> IncidentReport:
        return self.incident.reports.filter(kind=kind).latest("version")


CONTACTS = Contacts(
    people={"運用責任者": {ChannelKind.EMAIL: "tanaka@example.com"}},
    ways=(BoundChannel("mail", ChannelKind.EMAIL, is_shared=False),),
    zone=TOKYO,
    public_url="https://toban.example.com",
)


def edition_of(document: str = DOCUMENT, bindings: str = BINDINGS) -> Edition:
    read = read_bindings(bindings, Path("toban.toml"), PARTS.schema)
    return Edition(read_design(document, "運用設計書.md"), read, PARTS.kinds)
