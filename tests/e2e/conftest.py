"""The real `toban up` with the demo shop, a real SMTP server, and a receiver of Slack's webhooks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.running import Inbox, Toban, enterable_folder, mail_server, shop_bindings, slack_receiver


@pytest.fixture(scope="session")
def slack() -> Iterator[tuple[Inbox, str]]:
    """What arrived at Slack's webhook, and its URL."""
    with slack_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def mail() -> Iterator[tuple[Inbox, int]]:
    """What arrived at the SMTP server, and its port."""
    with mail_server() as server:
        yield server


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder for one running Toban."""
    with enterable_folder() as place:
        yield place


@pytest.fixture(scope="session")
def toban(folder: Path, slack: tuple[Inbox, str], mail: tuple[Inbox, int]) -> Iterator[Toban]:
    """One `toban up` for all tests: the shop, with people and channels that lead here."""
    running = Toban(folder / "home", shop_bindings(folder, smtp_port=mail[1]), slack=slack[1])
    try:
        running.start()
        yield running
    finally:
        running.leave()
