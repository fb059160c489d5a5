"""A system that fails and is mended: its document in force, real commands, a real ledger."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from tests.integration.engine.runs.claims import taken
from tests.registered import PARTS

from toban.chapters.incident.models import RemedyUse
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.remedies import shift
from toban.chapters.incident.remedies.works import works
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import read_design
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
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition, Signal
from toban.engine.operation import works_of
from toban.engine.people.models import Operator
from toban.engine.runs.claiming.claim import Claim, succeed_all
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.runner import Hand, through
from toban.engine.runs.models import Run
from toban.engine.runs.modes import shadows
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.orders import EFFECT
from toban.engine.runs.scheduler import plan_due
from toban.message import plain

NOON = datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
WEB, DB, API = "Webサーバー", "DBサーバー", "APIサーバー"
RESTART, DB_RESTART, FAILOVER, ROLLBACK = (
    "プロセス再起動",
    "DBサーバー再起動",
    "フェイルオーバー",
    "ロールバック",
)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 24時間365日 |
## 2. 監視設計
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告閾値 | 異常閾値 | 監視間隔 |
|------|---------|---------|---------|---------|---------|
| Webサーバー | 死活 | 応答あり | - | 応答なし | 1分 |
| DBサーバー | 死活 | 応答あり | - | 応答なし | 1分 |
| DBサーバー | ディスク使用率 | 0-70% | 80%以上 | 90%以上 | 5分 |
| APIサーバー | レスポンスタイム | 0-500ms | 1000ms以上 | 3000ms以上 | 1分 |
| APIサーバー | エラー率 | 0-0.5% | 1%以上 | 5%以上 | 1分 |
## 7. 障害対応
### 障害レベル定義
| レベル | 定義 | 対応時間 |
|--------|------|---------|
| Critical | サービス全停止 | 即時対応 (1時間以内復旧) |
| High | 主要機能停止 | 1時間以内対応、4時間以内復旧 |
### 主要障害パターンと対処
| 障害パターン | 原因 | 対処 |
|------------|------|------|
| Webサーバーダウン | プロセス停止 | プロセス再起動 |
| DBサーバーダウン | 接続不可 | DBサーバー再起動、フェイルオーバー |
| ディスク容量不足 | ログ肥大化 | ログクリーンアップ、ディスク拡張 |
| APIレスポンス遅延 | 高負荷 | スケールアウト、キャッシュ有効化 |
| エラー率急増 | バグ混入 | ロールバック |
"""
PEOPLE = """
[people."運用責任者"]
account = "nami"
"""


class Mended:
    """Its document in force; `turn` and `work` do what the loop and a worker do."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, NOON
        self.take("")

    def take(self, bindings: str, document: str = DOCUMENT) -> Self:
        """Put an edition in force."""
        read = read_bindings(bindings + PEOPLE, self.folder / "toban.toml", PARTS.schema)
        self.edition = Edition(read_design(document, "運用設計書.md"), read, PARTS.kinds)
        self.plan = self.edition.plan(OPERATION)
        self.works = {**works_of(self.edition, PARTS.operations), **works(self.plan, lambda: self.now)}
        plan_due(self.works.values(), self.now)
        return self

    def row(self, text: str) -> str:
        """Return the id of the only row that contains *text*."""
        (found,) = [row.id for row in self.edition.design.clauses if text in row.text]
        return found

    def report(
        self, target: str, item: str, condition: Condition, instance: str = "one", **labels: str
    ) -> Alert | None:
        """Have a monitor report how it is; return its alert."""
        monitors = self.edition.design.of(Monitor)
        row = next(each for each in monitors if each.target == target and each.metric == item)
        signal = Signal(
            key=f"{row.id}/{instance}",
            clause_id=row.id,
            citation=str(row.origin),
            clause_text=row.text,
            condition=condition,
            subject=plain(f"{target} {item}"),
            value=plain("…"),
            limit=plain("…"),
            began_at=self.now,
            detected_at=self.now,
            labels={"target": target, "item": item, "instance": instance, **labels},
        )
        alerts.report([signal], self.now, self.edition.design.digest)
        return Alert.objects.filter(key__startswith=signal.key, resolved_at=None).order_by("-pk").first()

    def pass_(self, time: timedelta) -> None:
        self.now += time

    def turn(self) -> None:
        """Do one step of the loop about remedies."""
        shift.turn(self.plan, self.edition, PARTS.ports, self.now)

    def work(self) -> None:
        """Do everything that is due."""
        shadows.record(self.works, self.now)
        while (held := taken(self.works, "worker", self.now)) is not None:
            self.perform(held)

    def perform(self, held: Claim) -> None:
        hand = Hand(held, self.works[held.work], lambda: self.now, dict(held.results), None)
        through(hand, Endings(lambda ends: succeed_all(ends, self.now)))

    def go(self) -> None:
        """Decide, do it, and look at what became of it."""
        self.turn()
        self.work()
        # No two runs of a work are due at one moment.
        self.now += timedelta(milliseconds=1)
        self.turn()

    def mode(self, mode: Mode, remedy: str = RESTART) -> None:
        """Have a person move a remedy."""
        act = schedule_act(self.works[f"remedy/{remedy}"])
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

    def uses(self) -> list[tuple[str, str]]:
        """Return the uses of remedies, and what became of each."""
        return list(RemedyUse.objects.order_by("pk").values_list("remedy", "effect"))

    def runs(self, remedy: str = RESTART) -> Sequence[Run]:
        return list(Run.objects.filter(work=f"remedy/{remedy}").order_by("pk"))

    def told(self, row: str, target: str) -> Alert | None:
        """Return the open alert about the remedies of a row."""
        return Alert.objects.filter(key=f"{self.row(row)}/{target}", resolved_at=None).first()

    def status(self, row: str) -> Any:
        """Return the status of a row, shown now."""
        shift.show(self.plan, self.now)
        return ClauseStatus.objects.get(clause_id=self.row(row))

    def verdict(self, row: str) -> Verdict:
        return Verdict(self.status(row).verdict)


def bound(*command: str, name: str = RESTART, **more: object) -> str:
    keys = {"kind": "command", "command": list(command), **more}
    # What JSON writes of these values, TOML reads.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items()]
    return "\n".join([f'[remedies."{name}"]', *lines, ""])


def noting(mended: Mended, remedy: str = RESTART, **more: object) -> str:
    """A remedy that notes that it was done, and changes nothing."""
    return bound("sh", "-c", f"echo {remedy} >> {mended.folder}/notes", name=remedy, **more)


def notes(mended: Mended) -> list[str]:
    path = mended.folder / "notes"
    return path.read_text().split() if path.exists() else []
