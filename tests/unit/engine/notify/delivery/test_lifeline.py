"""A failure of the pipeline itself is announced by bypassing it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.registered import schema

from toban.design.reader import Design, read_design
from toban.design.values.people import ChannelKind
from toban.engine.bindings.load import read_bindings
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.lifeline import EVERY, SILENT, Lifeline
from toban.engine.notify.delivery.notice import Notice, NoticeKind
from toban.engine.notify.routing.contacts import BoundChannel, Contacts, contacts_of

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
DOCUMENT = """# 運用設計書
## 2. 監視
### アラート通知
| レベル | 通知先 | 通知方法 |
|---|---|---|
| 警告 (Warning) | 開発担当者 | Slack |
| 異常 (Critical) | 開発担当者、運用責任者 | Slack、メール |
"""
BINDINGS = """
[people."運用責任者"]
email = "chief@example.com"
[people."当番の人"]
email = "taro@example.com"
[duty."開発担当者"]
layers = [{ people = ["当番の人"] }]
"""


@dataclass
class Telling:
    """A channel that records its notices, or refuses them."""

    takes: bool = True
    told: list[tuple[Notice, tuple[str, ...]]] = field(default_factory=list)

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:
        if not self.takes:
            raise Undelivered("nobody answers", retry=True)
        self.told.append((notice, addresses))
        return "ok"


@pytest.fixture
def design() -> Design:
    return read_design(DOCUMENT, "運用設計書.md")


@pytest.fixture
def contacts() -> Contacts:
    bound = contacts_of(read_bindings(BINDINGS, Path("toban.toml"), schema()), {}, "")
    ways = (
        BoundChannel("chat", ChannelKind.SLACK, is_shared=True),
        BoundChannel("mail", ChannelKind.EMAIL, is_shared=False),
    )
    return Contacts(people=bound.people, ways=ways, zone=bound.zone, duty=bound.duty)


@dataclass
class Watched:
    """A lifeline with a pipeline that works, or has stopped."""

    design: Design
    contacts: Contacts
    chat: Telling = field(default_factory=Telling)
    mail: Telling = field(default_factory=Telling)
    lifeline: Lifeline = field(default_factory=Lifeline)
    pulse: int = 0
    looks: int = 0
    made: list[str] = field(default_factory=list)
    """The channels that were built for the warnings."""

    def works(self) -> int:
        self.pulse += 1
        return self.stands_still(1)

    def stands_still(self, looks: int) -> int:
        told = 0
        for _ in range(looks):
            self.looks += 1
            now = NOW + self.looks * timedelta(seconds=EVERY)
            told += self.lifeline.look(self.design, self.contacts, self._channel, self.pulse, now)
        return told

    def _channel(self, name: str) -> Telling:
        self.made.append(name)
        return {"chat": self.chat, "mail": self.mail}[name]


@pytest.fixture
def watched(design: Design, contacts: Contacts) -> Watched:
    return Watched(design, contacts)


def test_nobody_is_warned_while_the_pipeline_works(watched: Watched) -> None:
    told = [watched.works() + watched.stands_still(SILENT - 1) for _ in range(5)]

    assert told == [0] * 5
    assert watched.made == []


def test_everyone_the_matrix_names_for_critical_alerts_is_warned_directly(watched: Watched) -> None:
    watched.works()

    watched.stands_still(SILENT)

    assert [addresses for _, addresses in watched.mail.told] == [
        ("taro@example.com",),
        ("chief@example.com",),
    ]
    (notice, _), *more = watched.chat.told
    assert more == []
    assert (notice.kind, notice.began_at) == (NoticeKind.FIRING, NOW + timedelta(seconds=EVERY))
    assert "Toban の通知が動いていません" in notice.title


def test_the_warning_is_repeated_hourly_and_resolved_at_the_end(watched: Watched) -> None:
    watched.works()
    watched.stands_still(SILENT + 1000)

    watched.works()
    watched.works()

    assert [notice.kind.value for notice, _ in watched.chat.told] == ["firing", "firing", "recovered"]
    assert len({notice.alert_key for notice, _ in watched.chat.told}) == 1


def test_a_pipeline_that_never_worked_is_reported_too(watched: Watched) -> None:
    assert watched.stands_still(SILENT + 1) == 3


def test_a_broken_channel_does_not_stop_the_others(watched: Watched) -> None:
    watched.chat.takes = False

    assert watched.stands_still(SILENT + 1) == 2


def test_the_warning_is_retried_if_nobody_was_reached(watched: Watched) -> None:
    watched.chat.takes = watched.mail.takes = False
    watched.stands_still(SILENT + 1)
    watched.chat.takes = True

    assert watched.stands_still(1) == 1


def test_everybody_is_told_in_their_own_language(design: Design, contacts: Contacts) -> None:
    english = replace(contacts, languages={"運用責任者": "en"})
    channels = {way.name: Telling() for way in english.ways}
    lifeline = Lifeline()

    for _ in range(SILENT + 1):
        lifeline.look(design, english, channels.__getitem__, 0, NOW)

    told = [notice for channel in channels.values() for notice, _ in channel.told]
    titles = {notice.title: notice.language for notice in told}
    assert titles == {
        "■ 異常: Toban の通知が動いていません": "ja",
        "■ Critical: Toban's notifications have stopped": "en",
    }
