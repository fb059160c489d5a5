"""Hosts with real apt behind real sshd, a document that orders patches, and the real ledger of runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.integration.chapters.patching.apt_host import AptHost
from tests.integration.engine.runs.claims import taken
from tests.registered import PARTS

from toban.chapters.patching import report
from toban.chapters.patching.operation import OPERATION
from toban.chapters.patching.works import works
from toban.design.reader import read_design
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.requests import close
from toban.engine.approvals.rules import RequestState
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.people.models import Operator
from toban.engine.runs import orders
from toban.engine.runs.claiming.claim import Claim, succeed_all
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.runner import Hand, through
from toban.engine.runs.models import HostResult, Run, RunLog
from toban.engine.runs.modes import shadows
from toban.engine.runs.rules import RunReason
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import Work

TUESDAY = datetime(2026, 12, 8, 10, tzinfo=ZoneInfo("Asia/Tokyo"))
"""The second one of the month, when patches are planned."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### サービスレベル
- **メンテナンス**: 毎月第2日曜日 2:00-4:00 (計画メンテナンス)
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 24時間365日 |
## 8. セキュリティ運用
### 脆弱性管理
| 項目 | 頻度 | 内容 |
|------|------|------|
| セキュリティパッチ適用 | 月次 | 修正版の適用 |
## 10. 定期作業
### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---------|-------|-------|------|
| セキュリティパッチ適用 | 第2火曜 | 開発担当者 | OSの修正版の適用 |
"""
SECURITY_ROW = "security/security-routine/セキュリティパッチ適用"
ROUTINE_ROW = "routine/routine/セキュリティパッチ適用"
TERMS = """
[patches]
mode = "ask"
window = "毎日 9:00-23:00"
"""


def group(name: str, hosts: Sequence[AptHost], stage: str = "production", more: str = "") -> str:
    """Return the bindings of a group of *hosts*, which share a port and keys."""
    first = hosts[0].remote
    known = first.folder / f"known_{name}"
    known.write_text("".join(f"[{each.name}]:{each.remote.port} {each.remote.host_key}\n" for each in hosts))
    return f"""
[patching.{name}]
kind = "apt"
stage = "{stage}"
hosts = {[each.name for each in hosts]!r}
port = {first.port}
user = "{first.user}"
key = "file:{first.key}"
known_hosts = "{known}"
become = []
healthy_within = "2秒"
steady_for = "1秒"
{more}
"""


@dataclass
class Place:
    """The document in force; `work` and `tell` do what a worker and its loop do."""

    folder: Path
    bindings: str
    now: datetime = TUESDAY - HOUR
    edition: Edition = field(init=False)
    works: Mapping[str, Work] = field(init=False)

    def __post_init__(self) -> None:
        self.take(self.bindings)

    def take(self, bindings: str, document: str = DOCUMENT) -> None:
        """Put an edition in force."""
        self.bindings = bindings
        read = read_bindings(bindings, self.folder / "toban.toml", PARTS.schema)
        self.edition = Edition(read_design(document, "運用設計書.md"), read, PARTS.kinds)
        plan = self.edition.plan(OPERATION)
        self.works = works(plan, self.edition, clock=lambda: self.now)
        plan_due(self.works.values(), self.now)

    def work(self, at: datetime | None = None) -> RunReason | None:
        """Do what is due, and say how the last attempt ended."""
        self.now = at or self.now
        plan_due(self.works.values(), self.now)
        shadows.record(self.works, self.now)
        ended = None
        while (held := taken(self.works, "worker", self.now)) is not None:
            ended = self.go(self.hand(held))
        return ended

    def hand(self, held: Claim) -> Hand:
        return Hand(held, self.works[held.work], lambda: self.now, dict(held.results), None)

    def go(self, hand: Hand) -> RunReason:
        return through(hand, Endings(lambda ends: succeed_all(ends, self.now)))

    def order(self) -> None:
        """Have patches planned now, outside the schedule."""
        (key,) = self.works
        orders.order(
            key, {}, by="kai", now=self.now, account=Operator.objects.get_or_create(username="kai")[0]
        )

    def approve(self) -> None:
        """Let the role approve what was asked."""
        by, _ = Operator.objects.get_or_create(username="boss")
        for request in ApprovalRequest.objects.filter(state=RequestState.OPEN):
            request.answers.create(answer="granted", account=by, username="boss", answered_at=self.now)
            close(request, RequestState.GRANTED, self.now)
        Run.objects.filter(reason=RunReason.AWAITING_APPROVAL).update(
            reason=RunReason.APPROVED, wake_at=self.now
        )

    def patch(self) -> RunReason | None:
        """Plan, approve, and go as far as it goes."""
        ended = self.work(max(self.now, TUESDAY))
        assert ended is RunReason.AWAITING_APPROVAL, f"{ended}: {self.run().note}"
        self.approve()
        return self.work()

    def tell(self) -> None:
        report.tell(self.edition.plan(OPERATION), self.edition, self.now)

    def verdict(self, row: str = ROUTINE_ROW) -> Verdict:
        return Verdict(ClauseStatus.objects.get(clause_id=row).verdict)

    def said(self, row: str = ROUTINE_ROW) -> str:
        return str(ClauseStatus.objects.get(clause_id=row).reason)

    def run(self) -> Run:
        return Run.objects.latest("pk")

    def told(self) -> str:
        """What the newest run came to, and its log."""
        lines = RunLog.objects.filter(run=self.run()).order_by("pk")
        return "\n".join([str(self.run().note), *(str(each.text) for each in lines)])

    def hosts(self) -> Mapping[str, str]:
        """How the newest run stands on each of its hosts."""
        return dict(HostResult.objects.filter(run=self.run()).values_list("name", "state"))
