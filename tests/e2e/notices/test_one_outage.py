"""The demo's API stops and starts again: what reaches each place is counted at the receivers."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from tests.e2e.running import (
    CHANNELS,
    SHOP,
    Inbox,
    Mailbox,
    Toban,
    enterable_folder,
    mail_server,
    slack_receiver,
    wait_for,
    without,
)

pytestmark = pytest.mark.slow

MEASURED = (
    "SELECT count(*) FROM evidence_clausestatus"
    " WHERE verdict = 'not-measurable' AND clause_id LIKE 'monitoring/monitor/%'"
)
OPEN = "SELECT key FROM notify_alert WHERE resolved_at IS NULL"
OF_THE_OUTAGE = (
    "SELECT count(*) FROM notify_alert WHERE labels LIKE '%\"target\"%' AND labels NOT LIKE '%cpu%'"
)
NO_DATA = "SELECT key FROM notify_alert WHERE condition = 'no-data' AND resolved_at IS NULL"
WAITING = "SELECT count(*) FROM notify_alert WHERE settled = 0 AND resolved_at IS NOT NULL"
LONG_ENOUGH = 170
"""Seconds: the patience of rows that are measured once a minute, whose values are missed then."""


def _bindings(folder: Path, smtp_port: int) -> Path:
    """Return the shop's own bindings with the channels of this test, and people who have not one account."""
    written = without((SHOP / "toban.toml").read_text(encoding="utf-8"), "channels")
    channels = CHANNELS.format(smtp_port=smtp_port)
    path = folder / "toban.toml"
    path.write_text(written + channels, encoding="utf-8")
    return path


class Places:
    """What has reached each place since the last count: the chat, and everybody's mailbox."""

    def __init__(self, chat: Inbox, mail: Mailbox) -> None:
        self._chat, self._mail = chat, mail
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self._chats, self._mails = len(self._chat.texts), len(self._mail.texts)

    def counts(self) -> Counter[str]:
        """Return the number of messages at each place."""
        mails = self._mail.recipients[self._mails :]
        return Counter({"chat": len(self._chat.texts) - self._chats}) + Counter(mails)

    def texts(self) -> list[str]:
        """Return the messages."""
        return [*self._chat.texts[self._chats :], *self._mail.texts[self._mails :]]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Toban, Places]]:
    with enterable_folder() as folder, slack_receiver() as (chat, url), mail_server() as (mail, port):
        toban = Toban(folder / "home", _bindings(folder, port), slack=url)
        try:
            # Before anything is measured: how busy the machine of the tests is says nothing about the shop.
            silencing = Thread(target=wait_for, args=(partial(_silenced, toban),), kwargs={"within": 120})
            silencing.start()
            toban.start()
            silencing.join()
            wait_for(lambda: toban.state(MEASURED) == [(0,)], within=180)
            wait_for(lambda: toban.state(OF_THE_OUTAGE) == [(0,)], within=60, lacks=lambda: toban.state(OPEN))
            # The shop's own mistake, of which people are told once, has nothing to do with the outage.
            wait_for(lambda: chat.with_words("KeyError: '907'"), within=180)
            yield toban, Places(chat, mail)
        finally:
            toban.leave()


def test_one_outage_is_one_message_and_one_recovery_at_each_place(running: tuple[Toban, Places]) -> None:
    toban, places = running
    places.forget()

    assert toban.run("processes", "--stop", "shop-api").returncode == 0
    # Late, by what is measured once a minute: the values of its host, and its response times, are missed.
    wait_for(lambda: len(toban.state(NO_DATA)) >= 4, within=LONG_ENOUGH, lacks=lambda: toban.state(OPEN))
    outage, texts = places.counts(), places.texts()
    places.forget()
    assert toban.run("processes", "--start", "shop-api").returncode == 0
    wait_for(lambda: not _open(toban), within=150, lacks=lambda: _open(toban))
    # Whatever was held back until now has been told, or is no news any more.
    wait_for(lambda: toban.state(WAITING) == [(0,)], within=240, lacks=lambda: toban.state(WAITING))
    recovery = places.counts()

    print(f"outage: {dict(outage)}, recovery: {dict(recovery)}")  # noqa: T201 - what the test counts
    once = ["chat", "kai@example.com", "nami@example.com", "sakura@example.com"]
    assert set(outage) <= set(once), texts
    # Out of office hours, the emergency contact is told, too.
    assert {"chat", "kai@example.com", "nami@example.com"} <= set(outage)
    assert set(outage.values()) == {1}, texts
    assert recovery == outage, places.texts()
    assert all("API 死活" in each and "影響" in each and "エラー率" in each for each in texts), texts
    assert all(re.search(r"復旧.*API 死活", each) for each in places.texts())


def _silenced(toban: Toban) -> bool:
    words = ["--item", "cpu_usage_percent", "--for", "1時間", "--reason", "混んだ機械"]
    return toban.run("silence", *words).returncode == 0


def _open(toban: Toban) -> list[tuple[str]]:
    return [each for each in toban.state(OPEN) if each[0].startswith("monitoring/") and "CPU" not in each[0]]
