"""Three hundred alerts at once, over real HTTP and SMTP: what each kind of channel gets of one outage."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.registered import kinds, schema

from toban.design.reader import Design, read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.models import Delivery
from toban.engine.notify.routing.contacts import contacts_of
from toban.engine.notify.signal import Condition, Signal

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
SECOND = timedelta(seconds=1)
MANY = 300
DOCUMENT = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 開発担当者 | {word} | 即時 |
"""
BINDINGS = """
[people."開発担当者"]
email = "kai@example.com"

[channels.it]
kind = "{kind}"
{settings}
"""
SETTINGS = {
    "slack": ("Slack", 'webhook = "env:IT_URL"'),
    "slack_app": (
        "Slack",
        'token = "env:IT_SECRET"\nsigning_secret = "env:IT_SECRET"\nchannel = "#ops"\nurl = "{url}"',
    ),
    "teams": ("Teams", 'webhook = "env:IT_URL"'),
    "pagerduty": ("PagerDuty", 'routing_key = "env:IT_SECRET"\nurl = "{url}"'),
    "webhook": ("Webhook", 'url = "env:IT_URL"\nsecret = "env:IT_SECRET"'),
    "alertmanager": ("Webhook", 'url = "env:IT_URL"'),
    "apprise": ("LINE", 'url = "env:IT_APPRISE"\nanswers_to = "LINE"'),
    "email": ("メール", 'host = "127.0.0.1"\nport = {smtp}\nsecurity = "none"\nsender = "t@example.com"'),
}
EACH = [
    pytest.param(kind, marks=pytest.mark.slow) if kind in ("webhook", "alertmanager") else kind
    for kind in SETTINGS
]
"""The two that are told of each alert alone take more than half a minute."""
ALONE = ("webhook", "alertmanager")
"""The kinds for programs, which get each alert by itself."""

type MakeSignal = Callable[..., Signal]


class Storm:
    """The pipeline with one channel; what its receiver got is counted by `received`."""

    def __init__(self, kind: str, url: str, smtp: int, received: Callable[[], int]) -> None:
        word, settings = SETTINGS[kind]
        transports = kinds(CHANNEL_KINDS)
        models = {name: each.config for name, each in transports.items()}
        written = BINDINGS.format(kind=kind, settings=settings.format(url=url, smtp=smtp))
        bindings = read_bindings(written, Path("toban.toml"), schema(channels=models))
        self.document: Design = read_design(DOCUMENT.format(word=word), "運用設計書.md")
        self._contacts = contacts_of(bindings, transports, "https://toban.example.com")
        self._channel = transports[kind].build(bindings.channels["it"].config)
        self._per_turn = transports[kind].per_turn
        self.received = received

    def turn(self, now: datetime, *signals: Signal) -> None:
        """Do what Toban does in a second."""
        if signals:
            report(signals, now, self.document.digest)
        announce(self.document, self._contacts, now, everything=False)
        self.send(now, self._per_turn)

    def send(self, now: datetime, most: int) -> None:
        attempts.deliver_due(NOTICES, "it", self._channel, clock=lambda: now, most=most, jitter=lambda: 0.0)


@contextmanager
def _environment(monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[None]:
    monkeypatch.setenv("IT_URL", f"{url}/it")
    monkeypatch.setenv("IT_SECRET", "k" * 32)
    monkeypatch.setenv("IT_APPRISE", url.replace("http://", "json://"))
    yield


def _answers(handler: Any, asked: Any) -> None:
    body = json.loads(asked.body)
    if "routing_key" in body:
        handler.reply(202, json.dumps({"dedup_key": body["dedup_key"]}).encode())
    elif "attachments" in body and "channel" not in body and "version" not in body:
        handler.reply(202)
    elif "channel" in body:
        handler.reply(200, b'{"ok": true, "ts": "1.2", "channel": "C1"}')
    else:
        handler.reply(200, b"ok")


@pytest.fixture
def storm(
    request: pytest.FixtureRequest,
    http: Any,
    start_smtp: Any,
    mailbox_type: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Storm]:
    """Return the channel of the kind that the test asks for."""
    mailbox = mailbox_type()
    smtp = start_smtp(mailbox, security="none")
    http.answer = _answers
    with _environment(monkeypatch, http.url):
        yield Storm(request.param, http.url, smtp.port, lambda: len(http.asked) + len(mailbox.mails))


@pytest.fixture
def signals(signal: MakeSignal) -> Callable[..., list[Signal]]:
    def made(condition: Condition, at: datetime, name: str = "web", count: int = MANY) -> list[Signal]:
        return [
            signal(
                condition,
                at,
                key=f"{name}-{n}",
                subject=f"{name}-{n}",
                target=f"{name}-{n}",
                item="cpu",
                instance=f"{name}-{n}",
            )
            for n in range(count)
        ]

    return made


@pytest.mark.parametrize("storm", EACH, indirect=True)
def test_an_outage_is_told_in_as_few_messages_as_the_receiver_can_take(
    storm: Storm, signals: Callable[..., list[Signal]], request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.params["storm"]
    storm.turn(NOON, *signals(Condition.CRITICAL, NOON))
    for second in range(1, 10):
        storm.turn(NOON + second * SECOND)
    began = storm.received()
    over = NOON + 120 * SECOND
    # They recover in three lots.
    for lot in range(3):
        at = over + lot * SECOND
        storm.turn(at, *signals(Condition.OK, at)[lot * MANY // 3 : (lot + 1) * MANY // 3])
    for second in range(3, 30):
        storm.turn(over + second * SECOND)

    ended = storm.received() - began
    print(f"{kind}: {MANY} alerts in {began} messages, {ended} about their end")  # noqa: T201
    alone = kind in ALONE
    assert began == (MANY if alone else 1)
    assert ended == (MANY if alone else 1 if kind == "pagerduty" else 3)
    assert not Delivery.objects.exclude(state="delivered").exists()


@pytest.mark.parametrize("storm", EACH, indirect=True)
def test_a_new_critical_alert_is_told_within_five_seconds_after_a_storm(
    storm: Storm, signals: Callable[..., list[Signal]]
) -> None:
    storm.turn(NOON, *signals(Condition.CRITICAL, NOON))
    storm.send(NOON, MANY)
    over = NOON + 120 * SECOND
    storm.turn(over, *signals(Condition.OK, over))

    storm.turn(over + SECOND, *signals(Condition.CRITICAL, over + SECOND, "new", 1))
    for second in range(2, 6):
        storm.turn(over + second * SECOND)

    assert Delivery.objects.get(announcement__alert__key="new-0").state == "delivered"


@pytest.mark.parametrize("storm", ["pagerduty"], indirect=True)
def test_a_storm_is_one_incident_that_ends_with_its_last_alert(
    storm: Storm, signals: Callable[..., list[Signal]], http: Any
) -> None:
    storm.turn(NOON, *signals(Condition.CRITICAL, NOON))
    for n in range(0, MANY, 60):
        at = NOON + (120 + n) * SECOND
        storm.turn(at, *signals(Condition.OK, at)[n : n + 60])
        storm.turn(at + 70 * SECOND)

    events = [json.loads(each.body) for each in http.asked]
    assert [each["event_action"] for each in events] == ["trigger", "resolve"]
    assert len({each["dedup_key"] for each in events}) == 1


@pytest.mark.parametrize("storm", ["pagerduty"], indirect=True)
def test_two_storms_are_two_incidents_and_each_ends_by_itself(
    storm: Storm, signals: Callable[..., list[Signal]], http: Any
) -> None:
    storm.turn(NOON, *signals(Condition.CRITICAL, NOON, "web", 5))
    later = NOON + 120 * SECOND
    storm.turn(later, *signals(Condition.CRITICAL, later, "app", 5))
    over = later + 120 * SECOND
    both = [*signals(Condition.OK, over, "web", 5), *signals(Condition.OK, over, "app", 5)]
    storm.turn(over, *both)
    storm.turn(over + SECOND)

    events = [json.loads(each.body) for each in http.asked]
    told = Counter((each["event_action"], each["dedup_key"]) for each in events)
    assert sorted(action for action, _ in told) == ["resolve", "resolve", "trigger", "trigger"]
    assert len({key for _, key in told}) == 2


@pytest.mark.parametrize("storm", ["pagerduty"], indirect=True)
def test_the_incident_of_what_flaps_is_resolved(
    storm: Storm, signals: Callable[..., list[Signal]], http: Any
) -> None:
    at = NOON
    for n in range(14):
        at = NOON + n * 60 * SECOND
        storm.turn(at, *signals(Condition.OK if n % 2 else Condition.CRITICAL, at, "web", 1))
    storm.turn(at + 1000 * SECOND)

    events = [json.loads(each.body) for each in http.asked]
    opened = {each["dedup_key"] for each in events if each["event_action"] == "trigger"}
    resolved = {each["dedup_key"] for each in events if each["event_action"] == "resolve"}
    assert opened == resolved
    assert len(opened) == 5
