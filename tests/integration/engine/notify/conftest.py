"""Shared by the tests of the pipeline: a document, contacts, and channels that record what they send."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design, read_design
from toban.design.values.people import ChannelKind
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery.notice import Notice
from toban.engine.notify.delivery.words import one_line
from toban.engine.notify.models import Delivery
from toban.engine.notify.routing.contacts import BoundChannel, Contacts
from toban.engine.notify.signal import Condition, Signal
from toban.message import NOTHING, plain

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 4, 1, 12, tzinfo=TOKYO)

DOCUMENT = """# 運用設計書

## 1. 運用方針

### サービス提供時間
- **メンテナンス**: 毎月第2日曜日 2:00-4:00 (計画メンテナンス)

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 運用責任者、開発担当者 | Slack、メール | 即時 |
| 警告 (Warning) | 開発担当者 | Slack | 即時 |
| 情報 (Info) | Slack#monitoring | Slack | 即時 |
"""


@pytest.fixture
def document_text() -> str:
    return DOCUMENT


@pytest.fixture
def document(document_text: str) -> Design:
    return read_design(document_text, "運用設計書.md")


@pytest.fixture
def contacts() -> Contacts:
    return Contacts(
        people={
            "運用責任者": {ChannelKind.EMAIL: "manager@example.com"},
            "開発担当者": {ChannelKind.EMAIL: "developer@example.com", ChannelKind.SLACK: "U02DEV"},
        },
        ways=(
            BoundChannel("ops", ChannelKind.SLACK, is_shared=True),
            BoundChannel("watch", ChannelKind.SLACK, is_shared=True, posts_to="#monitoring"),
            BoundChannel("mail", ChannelKind.EMAIL, is_shared=False),
        ),
        zone=TOKYO,
        public_url="https://toban.example.com",
    )


type MakeSignal = Callable[..., Signal]


@pytest.fixture
def signal(document: Design) -> MakeSignal:
    """Return a function that makes a signal of the document's monitor."""
    (monitor,) = [clause for clause in document.clauses if clause.kind == "monitor"]

    def make(
        condition: Condition,
        at: datetime = NOON,
        value: str = "92%",
        key: str = "",
        subject: str = "DB CPU使用率",
        **labels: str,
    ) -> Signal:
        return Signal(
            key=key or monitor.id,
            clause_id=monitor.id,
            citation=str(monitor.origin),
            clause_text=monitor.text,
            condition=condition,
            subject=plain(subject),
            value=plain(value),
            limit=NOTHING if condition is Condition.OK else plain("異常 85%以上"),
            began_at=at,
            detected_at=at,
            labels=labels or {"target": "DB", "item": "cpu", "instance": "db-1"},
        )

    return make


@pytest.fixture
def tell(document: Design, contacts: Contacts) -> Callable[[Signal, datetime], list[tuple[str, str]]]:
    """Return a function that reports a signal and returns the new deliveries: title and destination."""

    def told(reported: Signal, now: datetime) -> list[tuple[str, str]]:
        before = set(Delivery.objects.values_list("id", flat=True))
        report([reported], now, document.digest)
        announce(document, contacts, now)
        new = Delivery.objects.exclude(id__in=before).select_related("announcement").order_by("id")
        return [(one_line(delivery.announcement.title), delivery.destination) for delivery in new]

    return told


class Remembering:
    """A channel that accepts everything, or fails as often as it was told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[Notice, tuple[str, ...]]] = []
        self.failures: list[Exception] = []

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((notice, addresses))
        return f"receipt-{len(self.sent)}"

    @property
    def titles(self) -> list[str]:
        return [notice.title for notice, _ in self.sent]


@pytest.fixture
def look(document: Design, contacts: Contacts) -> Callable[[datetime], list[tuple[str, str]]]:
    """Return a function that runs another pass, like the worker each second, and returns new deliveries."""

    def told(
        now: datetime, contacts: Contacts = contacts, document: Design = document
    ) -> list[tuple[str, str]]:
        before = set(Delivery.objects.values_list("id", flat=True))
        announce(document, contacts, now, everything=False)
        new = Delivery.objects.exclude(id__in=before).select_related("announcement").order_by("id")
        return [(one_line(delivery.announcement.title), delivery.destination) for delivery in new]

    return told


@pytest.fixture
def channel() -> Remembering:
    return Remembering()
