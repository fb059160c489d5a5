"""A system whose capacity is watched: sources and scalers of the tests, a real ledger, a real store."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from tests.integration.engine.runs.claims import taken
from tests.registered import schema

from toban.chapters.capacity.bindings import ResourceBinding, ScalingBinding
from toban.chapters.capacity.measuring.meter import Meter
from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.rows import extending, report
from toban.chapters.capacity.scaler import GroupSize, ProviderPolicy, ScalerKind, ScalingFailed
from toban.chapters.capacity.scaling import works as scaling
from toban.chapters.capacity.scaling.looking import ScalingLooks
from toban.chapters.capacity.usage import UsageAt, UsageKind, UsageReading, UsageUnknown
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode
from toban.engine.people.models import Operator
from toban.engine.registry.kinds import Kinds
from toban.engine.registry.ports import Ports
from toban.engine.runs.claiming.claim import Claim, succeed_all
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.runner import Hand, through
from toban.engine.runs.models import Run
from toban.engine.runs.modes import shadows
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.orders import EFFECT
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import RunTurn
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry
from toban.message import plain

NOON = datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
GB = 10**9
WEB = "Webサーバー"
COUNT_ROW = "capacity/resource-usage/Webサーバー台数"
STORAGE_ROW = "capacity/resource-usage/DBストレージ"
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 24時間365日 |
## 9. キャパシティ管理
### リソース使用状況
| リソース | 現在使用量 | 上限 | 使用率 | 次回拡張予定 |
|---------|----------|------|-------|------------|
| Webサーバー台数 | 2台 | 10台 | 20% | 使用率70%到達時 |
| DBストレージ | 100GB | 500GB | 20% | 使用率70%到達時 |
### キャパシティ予測
- 月次でリソース使用率をレビュー
- トレンド分析により拡張時期を予測
### スケーリング
| トリガー | アクション | タイミング |
|---------|----------|-----------|
| CPU使用率70%が30分継続 | Webサーバー/APIサーバー1台追加 | 自動 (Auto Scaling) |
| ストレージ使用率70% | ストレージ拡張 | 手動 (計画的) |
"""
BINDINGS = """
[resources."Webサーバー台数"]
kind = "test"
[resources."DBストレージ"]
kind = "bytes"
[scaling."Webサーバー"]
kind = "test"
resource = "Webサーバー台数"
[people."運用責任者"]
account = "nami"
"""
_TOKENS = count()


@dataclass
class Gauge:
    """A resource. See `UsageSource`."""

    used: float = 0.0
    limit: float | None = None
    trouble: str = ""
    past: Sequence[UsageAt] = ()

    def measure(self, _now: datetime) -> UsageReading:
        if self.trouble:
            raise UsageUnknown(plain(self.trouble))
        return UsageReading(self.used, self.limit)

    def history(self, since: datetime, until: datetime) -> Sequence[UsageAt]:
        return [each for each in self.past if since <= each.at < until]

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Herd:
    """A group of instances. See `Scaler`."""

    wanted: int = 2
    serving: int = 2
    most: int | None = None
    fails: str = ""
    dies: bool = False
    """Whether the next instance is started, and then the worker dies."""
    theirs: list[ProviderPolicy] = field(default_factory=list)
    ordered: list[int] = field(default_factory=list)

    def size(self) -> GroupSize:
        return GroupSize(self.wanted, self.serving, self.most)

    def resize(self, to: int, _turn: RunTurn) -> None:
        self.ordered.append(to)
        if self.fails:
            raise ScalingFailed(plain(self.fails))
        self.wanted = to
        if self.dies:
            self.dies = False
            raise KeyboardInterrupt
        self.serving = to

    def policies(self) -> Sequence[ProviderPolicy]:
        return self.theirs

    def close(self) -> None:
        """Nothing is open."""


class Place:
    """Its document in force; `look`, `work` and `tell` do what the loops and a worker do."""

    def __init__(self, telemetry: Telemetry, now: datetime = NOON) -> None:
        self.telemetry, self.now = telemetry, now
        self.gauges = {"Webサーバー台数": Gauge(2), "DBストレージ": Gauge(120 * GB, 500 * GB)}
        self.herds: dict[str, Herd] = {}
        self.opened: list[str] = []
        """The resources whose sources were opened, in that order."""
        self.meter = Meter(telemetry, self)  # type: ignore[arg-type]
        self.take()

    def add(self, samples: Sequence[Sample]) -> None:
        """Store *samples* at once. See `SampleBuffer`."""
        self.telemetry.write(samples, token=f"capacity {next(_TOKENS)}")

    def take(self, bindings: str = BINDINGS, document: str = DOCUMENT) -> Self:
        """Put an edition in force."""

        def gauge(_config: ResourceBinding, site: Any) -> Gauge:
            self.opened.append(site.resource)
            return self.gauges[site.resource]

        def herd(_config: ScalingBinding, site: Any) -> Herd:
            return self.herds.setdefault(site.group, Herd())

        usage = {
            "test": UsageKind(ResourceBinding, gauge),
            "bytes": UsageKind(
                ResourceBinding, gauge, is_storage=lambda _config: True, unit=lambda _config: "B"
            ),
        }
        scalers = {"test": ScalerKind(ScalingBinding, herd, bound=lambda _config: "web: +1")}
        models: Any = {
            "resources": dict.fromkeys(usage, ResourceBinding),
            "scaling": dict.fromkeys(scalers, ScalingBinding),
        }
        read = read_bindings(bindings, Path("toban.toml"), schema(**models))
        kinds = Kinds.given(resources=usage, scaling=scalers)
        self.edition = Edition(read_design(document, "運用設計書.md"), read, kinds)
        self.plan = self.edition.plan(OPERATION)
        self.works = {**scaling.works(self.plan, lambda: self.now, lambda: self.telemetry), **self.plan.tasks}
        plan_due(self.works.values(), self.now)
        return self

    @property
    def herd(self) -> Herd:
        return self.herds.setdefault(WEB, Herd())

    def load(
        self, *percents: float, target: str = WEB, instances: Sequence[str] = ("web-1", "web-2")
    ) -> None:
        """Have each instance measure this CPU use, minute by minute until now; NaN: it measured nothing."""
        end = self.now.replace(second=0)
        found = [
            Sample(
                Metric.CPU_USAGE, target, instance, end - (number + 1) * MINUTE + timedelta(seconds=20), each
            )
            for number, each in enumerate(reversed(percents))
            for instance in instances
            if each == each
        ]
        self.add(found)

    def down(self, target: str, instance: str) -> None:
        """Have *instance* be down now."""
        self.add([Sample(Metric.UP, target, instance, self.now - timedelta(seconds=30), 0.0)])

    def pass_(self, time: timedelta) -> None:
        self.now += time

    def look(self) -> None:
        """Decide about the groups, as the loop does."""
        looks = ScalingLooks(self.telemetry, Path("/nowhere"), Ports())
        looks.look(self.plan, scaling.works(self.plan, lambda: self.now, lambda: self.telemetry), self.now)

    def measure(self) -> None:
        """Measure all resources that are due."""
        self.meter.step(self.plan, self.now)
        for slot in self.meter._slots:
            while slot.is_busy:
                self.meter.step(self.plan, self.now)

    def tell(self) -> None:
        report.tell(self.plan, scaling.works(self.plan), self.edition, self.now)

    def extend(self) -> None:
        """Open the tasks that are wanted."""
        from toban.chapters.capacity.known import known  # noqa: PLC0415

        extending.open_wanted(self.plan, known(self.plan), self.edition, self.now)

    def work(self) -> None:
        """Do everything that is due."""
        shadows.record(self.works, self.now)
        while (held := taken(self.works, "worker", self.now)) is not None:
            self.perform(held)

    def perform(self, held: Claim) -> None:
        hand = Hand(held, self.works[held.work], lambda: self.now, dict(held.results), None)
        through(hand, Endings(lambda ends: succeed_all(ends, self.now)))

    def mode(self, mode: Mode) -> None:
        """Have a person move the scaling of the web servers."""
        act = schedule_act(self.works[f"scale/{WEB}"])
        shown = modes.shown_of(act, modes.settings().get(act.subject))
        modes.move(
            act, mode, "見て確かめた", shown=shown, by=self.giver(), edition=self.edition, now=self.now
        )

    def giver(self, name: str = "nami") -> Giver:
        return Giver(Operator.objects.get(username=name), has_proved=True)

    def approve(self) -> None:
        request = ApprovalRequest.objects.latest("pk")
        given = AnswerOrder(request.pk, request.digest, self.giver(), self.edition, "確認済み")
        answering.approve(given, (EFFECT,), self.now)

    def runs(self) -> list[Run]:
        return list(Run.objects.filter(work=f"scale/{WEB}").order_by("pk"))

    def verdict(self, row: str) -> Verdict:
        return Verdict(ClauseStatus.objects.get(clause_id=row).verdict)

    def said(self, row: str) -> str:
        return str(ClauseStatus.objects.get(clause_id=row).reason)

    def row(self, text: str) -> str:
        """Return the id of the only row that contains *text*."""
        (found,) = [row.id for row in self.edition.design.clauses if text in row.text]
        return found
