"""A shop that pays for a cloud: bills as files, the real ledger of runs, and a clock."""

import csv
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.integration.engine.runs.claims import taken
from tests.registered import PARTS

from toban.chapters.cost.checks import works
from toban.chapters.cost.known import KnownCosts, known
from toban.chapters.cost.operation import OPERATION
from toban.chapters.cost.rows import report
from toban.chapters.cost.taking import look
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.claiming.claim import succeed_all
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.runner import Hand, through
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import Work

NOON = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
DAY = timedelta(days=1)
DOCUMENT = """# 運用設計書
## 11. コスト管理
### コスト監視
| 項目 | 月額予算 | アラートしきい値 | 確認頻度 |
|------|---------|---------------|---------|
| インフラコスト全体 | ¥500,000 | ¥550,000 (110%) | 日次 |
| EC2 | ¥200,000 | ¥220,000 | 日次 |
| RDS | ¥150,000 | ¥165,000 | 日次 |
| S3 | ¥50,000 | ¥55,000 | 週次 |
### コスト最適化
- Auto Scaling: 夜間・休日は最小台数に自動縮小
- リザーブドインスタンス: DB・Redis は予約購入
- S3ライフサイクル: 古いファイルは自動でGlacierへ
"""
BINDINGS = """
[bills.cloud]
kind = "focus"
path = "focus*.csv"

[costs]
rates = { USD = "150" }
"""
TOTAL = "cost/budget/インフラコスト全体"
EC2, RDS, S3 = "cost/budget/EC2", "cost/budget/RDS", "cost/budget/S3"
SERVICES = {
    "Amazon Elastic Compute Cloud": "6000",
    "Amazon Relational Database Service": "4000",
    "Amazon Simple Storage Service": "1000",
    "AWS Key Management Service": "500.5",
}
"""Each service, and what it costs in yen a day."""
COLUMNS = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "ChargeCategory",
    "ChargeClass",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountStatus",
    "ConsumedQuantity",
    "ConsumedUnit",
    "EffectiveCost",
    "ListCost",
    "ServiceName",
    "SubAccountId",
    "Tags",
)

type Row = Mapping[str, str]


def row(on: date, service: str, cost: str, **said: str) -> Row:
    """Return a row of FOCUS: a day of *service*."""
    return {
        "BilledCost": cost,
        "BillingAccountId": "111122223333",
        "BillingCurrency": "JPY",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": f"{on}T00:00:00Z",
        "ChargePeriodEnd": f"{on + DAY}T00:00:00Z",
        "ServiceName": service,
        **said,
    }


def days(first: date, last: date, services: Mapping[str, str] = SERVICES) -> list[Row]:
    """Return a row of every service for each day from *first* to *last*."""
    count = (last - first).days + 1
    return [row(first + n * DAY, name, cost) for n in range(count) for name, cost in services.items()]


@dataclass
class Place:
    """Its document in force; `look`, `tell` and `work` do what the loops and workers do."""

    folder: Path
    now: datetime = NOON
    edition: Edition = field(init=False)
    works: Mapping[str, Work] = field(init=False)

    def __post_init__(self) -> None:
        self.take()

    def take(self, bindings: str = BINDINGS, document: str = DOCUMENT) -> None:
        """Put an edition in force."""
        read = read_bindings(bindings, self.folder / "toban.toml", PARTS.schema)
        self.edition = Edition(read_design(document, "運用設計書.md"), read, PARTS.kinds)
        self.works = works(self.edition.plan(OPERATION), self.edition.design, read, clock=lambda: self.now)
        plan_due(self.works.values(), self.now)

    def bill(self, rows: Iterable[Row], name: str = "focus.csv") -> None:
        """Write the export *name*, now."""
        path = self.folder / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        self.dated(path)

    def by_hand(self, text: str, name: str = "hand.csv") -> None:
        """Write a bill by hand, now."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        self.dated(path)

    def dated(self, path: Path) -> None:
        os.utime(path, (self.now.timestamp(), self.now.timestamp()))

    def until(
        self, last: date, first: date = date(2026, 10, 1), services: Mapping[str, str] = SERVICES
    ) -> None:
        """Write an export of every day until *last*, and take it in."""
        self.bill(days(first, last, services))
        self.pass_()

    def look(self) -> None:
        look(self.edition.plan(OPERATION), self.edition.design.digest, self.now)

    def tell(self) -> None:
        report.tell(self.edition.plan(OPERATION), self.now, self.edition.design.digest)

    def pass_(self, time: timedelta = timedelta(hours=2)) -> None:
        """Let *time* pass, and the loops do their work."""
        self.now += time
        self.look()
        self.tell()

    def work(self) -> None:
        """Do everything that is due."""
        plan_due(self.works.values(), self.now)
        while (held := taken(self.works, "worker", self.now)) is not None:
            hand = Hand(held, self.works[held.work], lambda: self.now, dict(held.results), None)
            through(hand, Endings(lambda ends: succeed_all(ends, self.now)))
        plan_due(self.works.values(), self.now)

    def known(self) -> KnownCosts:
        return known(self.edition.plan(OPERATION), self.now)

    def verdict(self, row: str = TOTAL) -> Verdict:
        return Verdict(ClauseStatus.objects.get(clause_id=row).verdict)

    def said(self, row: str = TOTAL) -> str:
        found = ClauseStatus.objects.get(clause_id=row)
        return f"{found.value} {found.reason}"

    def taken(self) -> list[LedgerEntry]:
        return list(LedgerEntry.objects.filter(content__event="costs-taken").order_by("sequence"))

    def checks(self) -> list[LedgerEntry]:
        return list(LedgerEntry.objects.filter(content__event="costs-checked").order_by("sequence"))
