"""The demo's inbox, a real process: it takes mail and a chat's messages, and shows them."""

import smtplib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape

import httpx
import pytest
from tests import asking
from tests.e2e.running import SHOP, wait_for
from tests.ports import free_port

KEY = "a-key-of-this-test"
HOSTILE = "<script>alert('x')</script> & more"


@dataclass(frozen=True, slots=True)
class ServedInbox:
    """A running inbox."""

    url: str
    smtp_port: int

    def page(self) -> str:
        """Return the page as it is now."""
        shown = asking.get(self.url)
        assert shown.status_code == 200
        return shown.text

    def say(self, *texts: str, key: str = KEY) -> httpx.Response:
        """Post a message to the chat."""
        title, *rest = ({"type": "plain_text", "text": text} for text in texts)
        blocks = [{"type": "header", "text": title}, {"type": "section", "fields": rest}]
        return asking.post(f"{self.url}/chat/{key}", json={"text": texts[0], "blocks": blocks})

    def mail(self, subject: str, text: str) -> None:
        """Send a mail."""
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = subject, "toban@example.com", "nami@example.com"
        message.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as server:
            server.send_message(message)


@pytest.fixture
def inbox() -> Iterator[ServedInbox]:
    port, smtp_port = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "shop.inbox", "--port", str(port), "--smtp-port", str(smtp_port)],
        cwd=SHOP,
        env={"SHOP_CHAT_KEY": KEY},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        try:
            return asking.get(f"{url}/healthz").is_success
        except httpx.TransportError:
            return False

    try:
        wait_for(is_ready)
        yield ServedInbox(url, smtp_port)
    finally:
        process.terminate()
        process.wait(timeout=15)


def test_mail_and_chat_are_shown_as_text_with_the_newest_first(inbox: ServedInbox) -> None:
    assert inbox.say("older", "older text").text == "ok"
    inbox.say(f"[異常] {HOSTILE}", "対象: API", "&lt;escaped once&gt;")
    inbox.mail(f"mail {HOSTILE}", f"body {HOSTILE}")

    shown = inbox.page()

    assert "<script" not in shown
    assert f"[異常] {escape(HOSTILE)}" in shown
    assert "対象: API\n&lt;escaped once&gt;" in shown
    assert f"body {escape(HOSTILE)}" in shown
    assert "→ nami@example.com" in shown
    assert shown.index("[異常]") < shown.index("older text")


def test_links_lead_to_toban_and_mentions_are_names(inbox: ServedInbox) -> None:
    inbox.say("title", "<@U0NAMI> <http://127.0.0.1:8300/alerts/1|Open in Toban>")
    inbox.mail("subject", 'http://127.0.0.1:8300/alerts/2 http://x/"onclick="y javascript:z')

    shown = inbox.page()

    assert "@U0NAMI Open in Toban" in shown
    assert '<a href="http://127.0.0.1:8300/alerts/1">' in shown
    assert '<a href="http://127.0.0.1:8300/alerts/2">' in shown
    assert '<a href="http://x/">http://x/</a>&quot;onclick=&quot;y javascript:z' in shown


def test_only_the_newest_messages_are_kept(inbox: ServedInbox) -> None:
    for number in range(201):
        inbox.say(f"message-{number};")

    shown = inbox.page()

    assert shown.count("<article>") == 200
    assert "message-200;" in shown
    assert "message-0;" not in shown


def test_a_long_message_is_shown_cut(inbox: ServedInbox) -> None:
    inbox.say("title", "x" * 20_000)

    assert inbox.page().count("x" * 8_000) == 1
    assert "x" * 8_001 not in inbox.page()


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"blocks": 5}', b'"', b"[" * 9_000, b'{"text": "' + b"x" * 262_144 + b'"}'],
)
def test_what_is_no_message_is_refused(inbox: ServedInbox, content: bytes) -> None:
    answer = asking.post(f"{inbox.url}/chat/{KEY}", content=content)

    assert answer.status_code == 400
    assert "<article>" not in inbox.page()


def test_a_mail_that_is_too_large_is_refused(inbox: ServedInbox) -> None:
    with pytest.raises(smtplib.SMTPException):
        inbox.mail("large", "x" * 400_000)

    assert "<article>" not in inbox.page()


def test_nobody_posts_without_the_key_or_reads_by_another_name(inbox: ServedInbox) -> None:
    assert inbox.say("hello", key="another").status_code == 404
    assert asking.get(inbox.url, headers={"host": "evil.example.com"}).status_code == 400
    assert "<article>" not in inbox.page()
