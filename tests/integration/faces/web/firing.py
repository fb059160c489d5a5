"""A document with a notification matrix, and its alerts as the pipeline leaves them."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.integration.faces.web.conftest import Fixed
from tests.registered import schema

from toban.design.reader import Design, read_design
from toban.design.values.people import ChannelKind
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.models import Alert, Delivery
from toban.engine.notify.routing.contacts import BoundChannel, Contacts
from toban.engine.notify.signal import Condition, Signal
from toban.message import NOTHING, plain

DOCUMENT = """# 運用設計書
## 1. 運用方針
### サービス提供時間
- **メンテナンス**: 毎月第2日曜日 2:00-4:00 (計画メンテナンス)
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 運用責任者、開発担当者 | Slack、メール | 即時 |
| 警告 (Warning) | 開発担当者 | Slack | 即時 |
| 情報 (Info) | Slack#monitoring | Slack | 即時 |
"""
CPU = "monitoring/monitor/DB/CPU使用率"
CONTACTS = Contacts(
    people={"運用責任者": {ChannelKind.EMAIL: "nami@example.com"}},
    ways=(
        BoundChannel("ops", ChannelKind.SLACK, is_shared=True),
        BoundChannel("mail", ChannelKind.EMAIL, is_shared=False),
    ),
    zone=ZoneInfo("Asia/Tokyo"),
)
"""開発担当者 has no address."""


def put_in_force(fixed: Fixed) -> Design:
    """Put the document in force without bindings."""
    design = read_design(DOCUMENT, "運用設計書.md")
    fixed.edition = Edition(design, read_bindings("", Path("toban.toml"), schema()))
    return design


def fired(
    design: Design,
    condition: Condition = Condition.CRITICAL,
    *,
    at: datetime | None = None,
    clause_id: str = CPU,
    instance: str = "db-1",
    value: str = "92%",
) -> Alert:
    """Report that the row has been out of bounds for a minute, and let the pipeline process it."""
    now = at or system_clock()
    clause = next(each for each in design.clauses if each.id == clause_id)
    key = f"{clause_id}/{instance}"
    signal = Signal(
        key=key,
        clause_id=clause_id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=condition,
        subject=plain(clause_id.split("/", 2)[2].replace("/", " ")),
        value=plain(value),
        limit=NOTHING if condition is Condition.OK else plain("異常 85%以上"),
        began_at=now - timedelta(minutes=1),
        detected_at=now,
        labels={"target": clause_id.split("/")[2], "item": "cpu", "instance": instance},
    )
    report([signal], now, design.digest)
    looked_at(design, now)
    return Alert.objects.filter(key=key).latest("pk")


def looked_at(design: Design, now: datetime) -> None:
    """Process all alerts, like the worker does every second."""
    announce(design, CONTACTS, now)


def settle(state: Delivery.State, channel: str, **more: str) -> None:
    """Settle everything that waits for *channel*."""
    waiting = Delivery.objects.filter(channel=channel, state=Delivery.State.WAITING)
    waiting.update(state=state, settled_at=system_clock(), attempts=1, **more)
