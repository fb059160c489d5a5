"""Pages, notices and commands are wholly in their reader's language, but for the document's own words."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.e2e.running import SHOP, Inbox, Toban, wait_for, without_people
from tests.e2e.speech import Speech, foreign, own_texts, walked
from tests.forking import run

LANGUAGES = ("ja", "en")
DESIGN = str(SHOP / "運用設計書.md")
COMMANDS: tuple[tuple[int, *tuple[str, ...]], ...] = (
    (0, "--help"),
    (1, "check", DESIGN),
    (2, "check", str(SHOP / "nowhere.md")),
    (0, "status"),
    (0, "status", "--all"),
    (0, "plan", DESIGN, DESIGN),
    (0, "calendar", "--design", DESIGN),
    (2, "calendar", DESIGN),
    (0, "processes"),
    (0, "alerts"),
    (0, "alerts", "--history"),
    (0, "alerts", "--reasons"),
    (0, "duty", "now"),
    (0, "duty", "next"),
    (0, "silence", "--list"),
    (0, "maintenance", "--list"),
    (0, "runs"),
    (1, "run", "nothing"),
    (0, "why", "1"),
    (0, "why", "B001"),
    (1, "why", "nothing"),
    (0, "backup", "list"),
    (1, "backup", "verify"),
    (1, "restore", "nothing"),
    (0, "drill", "list"),
    (0, "errors", "list"),
    (0, "errors", "dsn"),
    (1, "errors", "show", "99999"),
    (1, "logs"),
    (2, "logs", "status:>="),
    (1, "traces"),
    (0, "retention", "list"),
    (0, "evidence", "verify"),
    (0, "levels"),
    (1, "statistics"),
    (0, "approvals", "list"),
    (0, "changes"),
    (0, "exceptions", "list"),
    (0, "modes", "list"),
    (0, "tasks", "list"),
)
"""Each with the status that it ends with: a usage error would say nothing of what the command says."""


@pytest.fixture(scope="module")
def toban(folder: Path, slack: tuple[Inbox, str], mail: tuple[Inbox, int]) -> Iterator[Toban]:
    """The shop, with a developer who reads English."""
    bindings = folder / "toban.toml"
    written = (SHOP / "toban.toml").read_text(encoding="utf-8")
    people = f"""
[channels.slack]
kind = "slack"
webhook = "env:SHOP_SLACK_WEBHOOK"

[channels.mail]
kind = "email"
host = "127.0.0.1"
port = {mail[1]}
security = "none"
sender = "toban@example.com"

[people."運用責任者"]
name = "Uehara"
email = "uehara@example.com"
slack = "U0UEHARA"

[people."開発担当者"]
name = "Eto"
email = "eto@example.com"
slack = "U0ETO"
language = "en"
"""
    bindings.write_text(without_people(written) + people, encoding="utf-8")
    running = Toban(folder / "home", bindings, slack=slack[1])
    try:
        running.start()
        yield running
    finally:
        running.leave()


@pytest.fixture(scope="module")
def own(folder: Path, toban: Toban) -> str:
    """What only the installation itself says."""
    return own_texts(SHOP / "運用設計書.md", folder / "toban.toml")


@pytest.fixture(scope="module")
def alarmed(toban: Toban) -> Toban:
    """The shop after its API has failed."""
    assert toban.run("processes", "--stop", "shop-api").returncode == 0
    wait_for(
        lambda: toban.state("SELECT 1 FROM notify_delivery WHERE state = 'delivered' LIMIT 2"), within=90
    )
    return toban


def test_each_person_is_told_in_their_language(alarmed: Toban, mail: tuple[Inbox, int], own: str) -> None:
    def told() -> bool:
        return bool(mail[0].with_words("Critical") and mail[0].with_words("異常"))

    wait_for(told, within=90)
    english = [text for text in mail[0].texts if text.isascii() or "Critical" in text]
    japanese = [text for text in mail[0].texts if text not in english]

    assert foreign(english, "en", own) == []
    assert foreign(japanese, "ja", own) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_its_readers_language(
    alarmed: Toban, visitor: httpx.Client, own: str, language: str
) -> None:
    visitor.cookies.set("django_language", language)
    wrong = {}
    count = 0
    for page in walked(visitor):
        assert page.status_code < 500, page.url
        count += 1
        is_read = "html" in page.headers.get("content-type", "")
        if is_read and (found := foreign(Speech(page).texts, language, own)):
            wrong[str(page.url)] = found

    assert wrong == {}
    assert count > 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_in_its_readers_language(alarmed: Toban, own: str, language: str) -> None:
    wrong = {}
    environment = {**alarmed.environment, "TOBAN_LANGUAGE": language}
    for status, *words in COMMANDS:
        done = run(["-m", "toban", *words], env=environment)

        assert done.returncode == status, (words, done.stderr)
        assert "Traceback" not in done.stderr, words
        if found := foreign((done.stdout + done.stderr).splitlines(), language, own):
            wrong[" ".join(words)] = found

    assert wrong == {}
