"""What waits in the outbox leaves by urgency: a new critical alert waits for nothing that is less urgent."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design
from toban.design.values.people import ChannelKind
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.models import Delivery
from toban.engine.notify.routing.contacts import BoundChannel, Contacts
from toban.engine.notify.signal import Condition, Signal

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
SECOND = timedelta(seconds=1)
MANY = 300

type MakeSignal = Callable[..., Signal]


@pytest.fixture
def contacts() -> Contacts:
    """The document's Slack is a program here: each alert comes alone, so that none is hidden in a group."""
    return Contacts(
        people={},
        ways=(BoundChannel("ops", ChannelKind.SLACK, is_shared=True, gathers=False),),
        zone=ZoneInfo("Asia/Tokyo"),
    )


@pytest.fixture
def document_text() -> str:
    return """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | Slack | Slack | 即時 |
| 警告 (Warning) | Slack | Slack | 即時 |
"""


def _hosts(signal: MakeSignal, condition: Condition, at: datetime, name: str = "web") -> list[Signal]:
    return [
        signal(condition, at, key=f"{name}-{n}", subject=f"{name}-{n}", target=f"{name}-{n}", item="cpu")
        for n in range(MANY)
    ]


def deliver(channel: Any, now: datetime, most: int = 10) -> int:
    return attempts.deliver_due(NOTICES, "ops", channel, clock=lambda: now, most=most, jitter=lambda: 0.0)


@pytest.fixture
def recoveries(signal: MakeSignal, document: Design, contacts: Contacts, channel: Any) -> datetime:
    """Leave hundreds of old recoveries in the outbox, and return the time then."""
    report(_hosts(signal, Condition.CRITICAL, NOON), NOON)
    announce(document, contacts, NOON)
    # That they were told is what counts here, and faster said than done.
    Delivery.objects.update(state="delivered", settled_at=NOON, receipt="1")
    over = NOON + 60 * SECOND
    report(_hosts(signal, Condition.OK, over), over)
    announce(document, contacts, over)
    assert Delivery.objects.filter(state="waiting").count() == MANY
    return over


def test_a_new_critical_alert_is_the_next_to_be_sent_whatever_waits(
    recoveries: datetime, signal: MakeSignal, document: Design, contacts: Contacts, channel: Any
) -> None:
    now = recoveries + SECOND
    report([signal(Condition.CRITICAL, now, key="new", subject="新しい異常", target="new", item="cpu")], now)
    announce(document, contacts, now)

    deliver(channel, now, most=1)

    assert channel.titles == ["■ 異常: 新しい異常 92%"]


def test_one_that_comes_while_others_are_being_sent_is_the_next(
    recoveries: datetime, signal: MakeSignal, document: Design, contacts: Contacts, channel: Any
) -> None:
    now = recoveries + SECOND

    class Slow:
        """While it sends its first message, a new critical alert comes."""

        titles: list[str] = []  # noqa: RUF012 - one for this test

        def send(self, notice: Any, addresses: tuple[str, ...]) -> str:
            if not self.titles:
                new = signal(
                    Condition.CRITICAL, now, key="new", subject="新しい異常", target="new", item="cpu"
                )
                report([new], now)
                announce(document, contacts, now)
            self.titles.append(notice.title)
            return str(channel.send(notice, addresses))

    deliver(Slow(), now, most=2)

    assert channel.titles[1] == "■ 異常: 新しい異常 92%"


def test_warnings_go_before_recoveries_and_after_what_is_critical(
    recoveries: datetime, signal: MakeSignal, document: Design, contacts: Contacts, channel: Any
) -> None:
    now = recoveries + SECOND
    report(
        [
            signal(Condition.WARNING, now, key="warned", subject="警告の行", target="warned", item="cpu"),
            signal(Condition.CRITICAL, now, key="new", subject="異常の行", target="new", item="cpu"),
        ],
        now,
    )
    announce(document, contacts, now)

    deliver(channel, now, most=3)

    assert channel.titles[:2] == ["■ 異常: 異常の行 92%", "▲ 警告: 警告の行 92%"]
    assert channel.titles[2].startswith("● 復旧")


def test_a_recovery_still_waits_for_the_news_of_its_own_alert(
    signal: MakeSignal, document: Design, contacts: Contacts, channel: Any
) -> None:
    report([signal(Condition.WARNING, NOON)], NOON)
    announce(document, contacts, NOON)
    report([signal(Condition.OK, NOON)], NOON + SECOND)
    announce(document, contacts, NOON + SECOND)

    deliver(channel, NOON + SECOND)

    assert [title[0] for title in channel.titles] == ["▲", "●"]
