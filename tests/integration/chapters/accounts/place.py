"""A shop with two systems of accounts, as lists that a test writes, and the real ledger of runs and tasks."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.integration.engine.runs.claims import taken
from tests.registered import PARTS

from toban.chapters.accounts import collecting, leaving, removing
from toban.chapters.accounts.account import AccountList
from toban.chapters.accounts.collector import AccountsUnknown
from toban.chapters.accounts.leaving import Teller, ToldLeaver
from toban.chapters.accounts.models import Leaver
from toban.chapters.accounts.operation import OPERATION
from toban.chapters.accounts.plan import AccountsPlan, AccountSystem
from toban.chapters.accounts.rows import report
from toban.chapters.accounts.rows.shown import shown_now
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.claiming.claim import succeed_all
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.runner import Hand, through
from toban.engine.runs.models import Run
from toban.engine.runs.modes import shadows
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import Work
from toban.engine.tasks.facts import TaskFact, TaskOccasion, gathered
from toban.message import Message, message_of

TOKYO = ZoneInfo("Asia/Tokyo")
MONDAY = datetime(2026, 11, 30, 9, tzinfo=TOKYO)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 24時間365日 |
## 8. セキュリティ運用
### アクセス管理
- **アクセス権限レビュー**: 四半期毎
- **退職者アカウント削除**: 即日
- **MFA**: 本番環境アクセスは必須
- **パスワードポリシー**: 最小12文字、英数字記号混在、90日毎変更
### 監査ログレビュー
- 重要操作を週次でレビュー
- 不審なアクセスパターンの検知
"""
BINDINGS = """
[people."運用責任者"]
account = "uehara"

[people.tanaka]
name = "田中太郎"
email = "tanaka@example.com"

[accounts.vpn]
kind = "csv"
path = "vpn.csv"
machines = ["monitor-*"]
owner = "運用責任者"
has_passwords = false

[accounts.shop]
kind = "csv"
path = "shop.csv"
is_production = false
people = { taro = "tanaka" }
"""
REMOVAL = "security/account-removal/退職者アカウント削除"
REVIEW = "security/access-review/アクセス権限レビュー"
HEAD = "name,label,is_privileged,is_locked,has_factor,last_used_at,password_changed_at\n"


@dataclass
class Place:
    """Its document in force; `look` does what the loops do."""

    folder: Path
    now: datetime = MONDAY
    bindings: str = BINDINGS
    edition: Edition = field(init=False)

    def __post_init__(self) -> None:
        self.manager = Operator.objects.create(username="uehara", operator_role=OperatorRole.MANAGER)
        self.write("vpn", "tanaka,,,,true,", "uehara,,yes,,true,", "monitor-1,,,,,")
        self.write("shop", "taro,,,,,", "x9,t.tanaka@example.com,,,,")
        self.take(self.bindings)

    def take(self, bindings: str) -> None:
        """Put an edition in force."""
        read = read_bindings(bindings, self.folder / "toban.toml", PARTS.schema)
        self.edition = Edition(read_design(DOCUMENT, "運用設計書.md"), read, PARTS.kinds)
        plan_due(self.works.values(), self.now)

    @property
    def plan(self) -> AccountsPlan:
        return self.edition.plan(OPERATION)

    @property
    def works(self) -> Mapping[str, Work]:
        return removing.works(self.plan, self.edition, clock=lambda: self.now)

    def write(self, system: str, *lines: str) -> None:
        """Have *system* tell of these accounts, as of now."""
        path = self.folder / f"{system}.csv"
        path.write_text(HEAD + "\n".join(lines))
        os.utime(path, (self.now.timestamp(),) * 2)

    def leave(self, name: str = "", *accounts: str, day: date | None = None) -> Leaver:
        """Tell of a leaver; of 田中 by an address that is theirs alone, unless it is said otherwise."""
        if not name:
            name, accounts = "田中太郎", ("tanaka@example.com",)
        by = Teller("uehara", Leaver.ToldBy.PAGE, self.manager)
        told = ToldLeaver(name, day or self.now.date(), accounts)
        return leaving.tell(told, by, self.edition, self.plan, self.now)

    def decide(self, system: str, account: str, reason: str = "", *, is_kept: bool = True) -> None:
        leaving.decide(
            system,
            account,
            reason,
            shown=shown_now(system, account, self.plan),
            is_kept=is_kept,
            by=Teller("uehara", Leaver.ToldBy.PAGE, self.manager),
            edition=self.edition,
            plan=self.plan,
            now=self.now,
        )

    def look(self, after: timedelta = timedelta()) -> None:
        """Let time pass and the loops turn, as often as their ends follow from each other."""
        self.now += after
        for _ in range(3):
            self.collect()
            removing.settle(self.plan, self.now)
            self.work()
        report.tell(self.plan, self.now, self.edition.design.digest)

    def collect(self) -> None:
        """Read what is due, in this thread: the threads of the loop see no open transaction of a test."""
        for system in collecting.due(self.plan, self.now):
            collecting.keep(system.name, _asked(system, self.now), self.now)

    def work(self) -> None:
        works = self.works
        plan_due(works.values(), self.now)
        shadows.record(works, self.now)
        while (held := taken(works, "worker", self.now)) is not None:
            hand = Hand(held, works[held.work], lambda: self.now, dict(held.results), None)
            through(hand, Endings(lambda ends: succeed_all(ends, self.now)))

    def facts(self, since: datetime, row: str = REVIEW) -> Sequence[TaskFact]:
        """Return what a reviewer is shown of the systems."""
        clause = next(each for each in self.edition.design.clauses if each.id == row)
        occasion = TaskOccasion(self.edition, clause, since, self.now)
        return gathered(occasion, PARTS.ports, self.now)

    def verdict(self, row: str = REMOVAL) -> Verdict:
        return Verdict(ClauseStatus.objects.get(clause_id=row).verdict)

    def said(self, row: str = REMOVAL) -> str:
        return str(ClauseStatus.objects.get(clause_id=row).reason)

    def tasks(self) -> Sequence[tuple[str, str]]:
        """The open tasks: work and account."""
        found = Run.objects.filter(state=Run.State.WAITING).order_by("pk")
        return [(each.work, each.parameters["account"]) for each in found]


def _asked(system: AccountSystem, now: datetime) -> AccountList | Message:
    try:
        return system.read(now)
    except AccountsUnknown as unknown:
        return message_of(unknown)
