"""The real `toban up` with the demo shop, a real SMTP server, and a receiver for Slack webhooks."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page
from tests.e2e.browsing import chromium
from tests.e2e.running import Inbox, Toban, enterable_folder, mail_server, shop_bindings, slack_receiver
from tests.e2e.visitor import first_sign_in


@pytest.fixture(scope="module")
def slack() -> Iterator[tuple[Inbox, str]]:
    """The messages received by Slack's webhook, and its URL."""
    with slack_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def mail() -> Iterator[tuple[Inbox, int]]:
    """The mails received by the SMTP server, and its port."""
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder for one running Toban."""
    with enterable_folder() as place:
        yield place


@pytest.fixture(scope="module")
def toban(folder: Path, slack: tuple[Inbox, str], mail: tuple[Inbox, int]) -> Iterator[Toban]:
    """One `toban up` for all tests: the shop, with people and channels that point to the receivers here."""
    running = Toban(folder / "home", shop_bindings(folder, smtp_port=mail[1]), slack=slack[1])
    try:
        running.start()
        yield running
    finally:
        running.leave()


@pytest.fixture(scope="module")
def visitor(toban: Toban) -> Iterator[httpx.Client]:
    """The first administrator, signed in."""
    with first_sign_in(toban) as client:
        yield client


@pytest.fixture(scope="module")
def page(toban: Toban, visitor: httpx.Client) -> Iterator[Page]:
    """The document page in a real browser, open while things happen."""
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="ja-JP")
        context.add_cookies(
            [{"name": name, "value": value, "url": toban.url} for name, value in visitor.cookies.items()]
        )
        page = context.new_page()
        page.goto(toban.url)
        yield page
