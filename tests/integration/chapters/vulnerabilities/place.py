"""A shop whose packages are scanned: a lock file, a mirror of advisories, and the real ledger of runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.integration.engine.runs.claims import taken
from tests.registered import PARTS
from tests.unit.chapters.vulnerabilities.mirrors import mirror

from toban.chapters.vulnerabilities import report
from toban.chapters.vulnerabilities.operation import OPERATION
from toban.chapters.vulnerabilities.scanning import works
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert
from toban.engine.runs.claiming.claim import succeed_all
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.runner import Hand, through
from toban.engine.runs.models import Run
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import Work

TUESDAY = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
DAY = timedelta(days=1)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 24時間365日 |
## 8. セキュリティ運用
### 脆弱性管理
| 項目 | 頻度 | 内容 |
|------|------|------|
| 脆弱性スキャン | 週次 | OSパッケージ、ライブラリのCVEチェック |
## 10. 定期作業
### 週次作業
| 作業項目 | 実施日時 | 担当者 | 内容 |
|---------|---------|-------|------|
| 脆弱性スキャン | 毎週水曜深夜 | 自動 | CVEチェック |
"""
BINDINGS = """
[inventory.shop]
kind = "files"
path = "requirements.txt"
owner = "開発担当者"

[advisories]
folder = "osv"

[vulnerabilities]
critical = "7日"
"""
SECURITY_ROW = "security/security-routine/脆弱性スキャン"
ROUTINE_ROW = "routine/routine/脆弱性スキャン"
CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]


@dataclass
class Place:
    """Its document in force; `work` and `tell` do what a worker and its loop do."""

    folder: Path
    now: datetime = TUESDAY
    bindings: str = BINDINGS
    edition: Edition = field(init=False)
    works: Mapping[str, Work] = field(init=False)

    def __post_init__(self) -> None:
        self.install("lib==1.0")
        self.take()

    def take(self, bindings: str = "", document: str = DOCUMENT) -> None:
        """Put an edition in force."""
        read = read_bindings(bindings or self.bindings, self.folder / "toban.toml", PARTS.schema)
        self.edition = Edition(read_design(document, "運用設計書.md"), read, PARTS.kinds)
        plan = self.edition.plan(OPERATION)
        self.works = works(plan, self.edition.design, read, clock=lambda: self.now)
        plan_due(self.works.values(), self.now)

    def install(self, *lines: str) -> None:
        (self.folder / "requirements.txt").write_text("\n".join(lines))

    def know(self, *records: dict[str, Any], ecosystem: str = "PyPI") -> None:
        mirror(self.folder / "osv", ecosystem, records)

    def pass_(self, time: timedelta) -> None:
        self.now += time

    def work(self) -> None:
        """Do everything that is due."""
        plan_due(self.works.values(), self.now)
        while (held := taken(self.works, "worker", self.now)) is not None:
            hand = Hand(held, self.works[held.work], lambda: self.now, dict(held.results), None)
            through(hand, Endings(lambda ends: succeed_all(ends, self.now)))
        plan_due(self.works.values(), self.now)

    def tell(self) -> None:
        report.tell(self.edition.plan(OPERATION), self.now, self.edition.design.digest)

    def scan(self) -> None:
        """Let the next Wednesday come, and the scan be run and told of."""
        days = (2 - self.now.weekday()) % 7 or 7
        self.now = (self.now + days * DAY).replace(hour=3)
        self.work()
        self.tell()

    def verdict(self, row: str = ROUTINE_ROW) -> Verdict:
        return Verdict(ClauseStatus.objects.get(clause_id=row).verdict)

    def said(self, row: str = ROUTINE_ROW) -> str:
        return str(ClauseStatus.objects.get(clause_id=row).reason)

    def value(self) -> str:
        return str(ClauseStatus.objects.get(clause_id=ROUTINE_ROW).value)

    def alerts(self) -> Sequence[str]:
        """The subjects of the open alerts."""
        return [str(each.subject) for each in Alert.objects.filter(resolved_at=None).order_by("pk")]

    def runs(self) -> Sequence[Run]:
        return list(Run.objects.exclude(state__in=Run.OPEN).order_by("pk"))
