from dataclasses import replace
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage

import pytest

from toban.engine.notify.channels.email.address import mail_address
from toban.engine.notify.channels.email.payload import payload
from toban.engine.notify.delivery.notice import Notice, NoticeKind

SENDER = Address(addr_spec="toban@shop.example")
RECIPIENT = Address(addr_spec="dev@shop.example")


def received(notice: Notice) -> EmailMessage:
    """Return the mail as a receiver parses it after it was sent as bytes."""
    parsed = message_from_bytes(payload(notice, SENDER, RECIPIENT).as_bytes(), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def content(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_the_plain_text_contains_everything(notice: Notice) -> None:
    assert content(received(notice), "plain") == (
        "■ 異常: DB CPU使用率 92%\n\n"
        "測定値: 92%\nしきい値: 異常 85%以上\n\n"
        "根拠: 運用設計書.md:34\n  DB | CPU使用率 | 0-60% | 70% | 85% | 1分\n\n"
        "https://toban.example.com/alerts/1\n"
    )


def test_the_html_shows_external_text_as_text(notice: Notice) -> None:
    html = content(received(replace(notice, facts=(("測定値", "<script>alert(1)</script>"),))), "html")

    assert "&lt;script&gt;" in html
    assert "<script" not in html


def test_every_attempt_has_the_same_message_id(notice: Notice) -> None:
    assert received(notice)["Message-ID"] == "<0a1b2c@shop.example>"


def test_an_alert_and_its_recovery_form_one_thread(notice: Notice) -> None:
    recovery = received(replace(notice, key="3d4e5f", kind=NoticeKind.RECOVERED))

    assert recovery["Message-ID"] != received(notice)["Message-ID"]
    assert recovery["References"] == received(notice)["References"] == "<alert-alert-1@shop.example>"
    assert recovery["In-Reply-To"] == recovery["References"]


def test_a_title_with_line_breaks_adds_no_header(notice: Notice) -> None:
    mail = received(replace(notice, title="異常\r\nBcc: everyone@shop.example"))

    assert mail["Subject"] == "異常 Bcc: everyone@shop.example"
    assert mail["Bcc"] is None
    assert mail["To"] == "dev@shop.example"


def test_the_mail_is_marked_as_auto_generated(notice: Notice) -> None:
    assert received(notice)["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "nobody",
        "@shop.example",
        "dev@",
        "dev@shop.example\r\nRCPT TO:<all@shop.example>",
        "dev@shop.example, all@shop.example",
        "開発@shop.example",
        "Dev <dev@shop.example>",
    ],
)
def test_text_that_is_not_a_single_address_is_refused(written: str) -> None:
    assert mail_address(written) is None


def test_an_address_is_used_as_written() -> None:
    address = mail_address("dev+alerts@shop.example")

    assert address is not None
    assert address.addr_spec == "dev+alerts@shop.example"
