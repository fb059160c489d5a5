"""A notification is in the language of its reader, from a rule of the document to a real mailbox."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.registered import kinds, schema

from toban.design.reader import Design, read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.notify import orders
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.models import Alert, Delivery
from toban.engine.notify.routing.contacts import contacts_of
from toban.engine.notify.signal import Condition, Signal
from toban.message import NOTHING, plain

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
MINUTE = timedelta(minutes=1)
DOCUMENT = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 田中、Smith | メール | 即時 |
"""
BINDINGS = """
[people."田中"]
email = "tanaka@shop.example"

[people.Smith]
email = "smith@shop.example"
language = "en"

[channels.mail]
kind = "email"
host = "127.0.0.1"
port = {port}
security = "none"
sender = "toban@shop.example"
"""
OF_THE_DOCUMENT = (
    "DB | CPU使用率 | 0-60% | 70% | 85% | 1分",
    "運用設計書.md",
    "CPU使用率",
    "DB",
    "田中",
    "Smith",
)
OF_NEITHER = ("Asia/Tokyo", "Toban", "https://toban.shop.example/alerts/")
JAPANESE, ENGLISH = re.compile(r"[ぁ-んァ-ヶ一-龠]"), re.compile(r"[A-Za-z]{2,}")

type Announce = Callable[[datetime], None]


@pytest.fixture
def document() -> Design:
    return read_design(DOCUMENT, "運用設計書.md")


@pytest.fixture
def mailbox(mailbox_type: Callable[[], Any]) -> Any:
    return mailbox_type()


@pytest.fixture
def send(document: Design, mailbox: Any, start_smtp: Callable[..., Any]) -> Announce:
    """Return a function that announces what is due, and sends it."""
    transports = kinds(CHANNEL_KINDS)
    models = {kind: transport.config for kind, transport in transports.items()}
    text = BINDINGS.format(port=start_smtp(mailbox, "none").port)
    bindings = read_bindings(text, Path("toban.toml"), schema(channels=models))
    contacts = contacts_of(bindings, transports, "https://toban.shop.example", document.language)
    channel = transports["email"].build(bindings.channels["mail"].config)

    def sent(now: datetime) -> None:
        announce(document, contacts, now)
        attempts.deliver_due(NOTICES, "mail", channel, clock=lambda: now, jitter=lambda: 0.0)

    return sent


def signals(document: Design, condition: Condition, count: int = 1) -> list[Signal]:
    (monitor,) = [clause for clause in document.clauses if clause.kind == "monitor"]
    return [
        Signal(
            key=f"{monitor.id}/{number}",
            clause_id=monitor.id,
            citation=str(monitor.origin),
            clause_text=monitor.text,
            condition=condition,
            subject=plain("DB CPU使用率"),
            value=plain("92%"),
            limit=NOTHING,
            began_at=NOON,
            detected_at=NOON,
            labels={"target": "DB", "instance": str(number)},
        )
        for number in range(count)
    ]


def words(mail: EmailMessage) -> str:
    """Return all that Toban itself says in *mail*: its texts without the words of the document."""
    bodies = [part.get_content() for part in mail.walk() if part.get_content_type() == "text/plain"]
    html = [part.get_content() for part in mail.walk() if part.get_content_type() == "text/html"]
    text = "\n".join([str(mail["Subject"]), *bodies, *(re.sub("<[^>]*>", " ", each) for each in html)])
    for word in (*OF_THE_DOCUMENT, *OF_NEITHER):
        text = text.replace(word, "")
    return text


def received(mailbox: Any, address: str) -> list[EmailMessage]:
    return [mail for recipient, mail in mailbox.mails if recipient == address]


def test_people_of_two_languages_get_one_mail_each_in_their_own(
    document: Design, send: Announce, mailbox: Any
) -> None:
    report(signals(document, Condition.CRITICAL), NOON)
    send(NOON)

    assert len(mailbox.mails) == 2
    (japanese,), (english,) = (received(mailbox, f"{who}@shop.example") for who in ("tanaka", "smith"))
    assert japanese["Subject"] == "■ 異常: DB CPU使用率 92%"
    assert english["Subject"] == "■ Critical: DB CPU使用率 92%"
    assert (japanese["Content-Language"], english["Content-Language"]) == ("ja", "en")
    assert "What to do next: Check the history" in words(english)
    assert ENGLISH.findall(words(japanese)) == []
    assert JAPANESE.findall(words(english)) == []


def test_all_that_follows_is_in_the_same_languages_and_nobody_gets_it_twice(
    document: Design, send: Announce, mailbox: Any
) -> None:
    report(signals(document, Condition.CRITICAL), NOON)
    send(NOON)
    orders.acknowledge(Alert.objects.get().pk, by="x", now=NOON + MINUTE)
    send(NOON + MINUTE)
    report(signals(document, Condition.OK), NOON + 2 * MINUTE)
    send(NOON + 2 * MINUTE)

    japanese, english = (received(mailbox, f"{who}@shop.example") for who in ("tanaka", "smith"))
    assert [mail["Subject"] for mail in english] == [
        "■ Critical: DB CPU使用率 92%",
        "■ Critical (acknowledged by x): DB CPU使用率",
        "● Resolved: DB CPU使用率 92%",
    ]
    assert len(japanese) == 3
    assert [ENGLISH.findall(words(mail)) for mail in japanese] == [[], [], []]
    assert [JAPANESE.findall(words(mail)) for mail in english] == [[], [], []]


def test_many_alerts_at_once_are_one_mail_for_each_person(
    document: Design, send: Announce, mailbox: Any
) -> None:
    report(signals(document, Condition.CRITICAL, 12), NOON)
    send(NOON)

    (japanese,), (english,) = (received(mailbox, f"{who}@shop.example") for who in ("tanaka", "smith"))
    assert japanese["Subject"] == "■ 異常 12件: DB CPU使用率 ほか"
    assert english["Subject"] == "■ Critical, 12 alerts: DB CPU使用率 and others"
    assert ENGLISH.findall(words(japanese)) == []
    assert JAPANESE.findall(words(english)) == []
    assert Delivery.objects.count() == 2
