from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.email.channel import Email
from toban.engine.notify.channels.email.config import EmailConfig
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice

type Start = Callable[..., Any]


@pytest.fixture
def mailbox(mailbox_type: Callable[..., Any]) -> Any:
    return mailbox_type()


def channel(port: int, ca_file: Path | None, **settings: object) -> Email:
    config = {
        "host": "127.0.0.1",
        "port": port,
        "sender": "toban@shop.example",
        "ca_file": ca_file,
        "timeout": 5,
    }
    return Email(EmailConfig.model_validate({**config, **settings}))


def refused(email: Email, notice: Notice, address: str = "dev@shop.example") -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        email.send(notice, (address,))
    return caught.value


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_arrives_encrypted_and_its_id_is_the_receipt(
    security: str, start_smtp: Start, mailbox: Any, ca_file: Path, notice: Notice
) -> None:
    server = start_smtp(mailbox, security)

    receipt = channel(server.port, ca_file, security=security).send(notice, ("dev@shop.example",))

    ((recipient, mail),) = mailbox.mails
    assert recipient == "dev@shop.example"
    assert mail["Subject"] == "■ 異常: DB CPU使用率 92%"
    assert receipt == mail["Message-ID"] == "<0a1b2c@shop.example>"
    assert mailbox.encrypted == [True]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_secret_is_used_to_log_in(
    security: str,
    start_smtp: Start,
    mailbox: Any,
    ca_file: Path,
    notice: Notice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "correct horse")
    mailbox.username, mailbox.password = "toban", "correct horse"
    server = start_smtp(mailbox, security)
    login = {"username": "toban", "password": Secret("env:SMTP_PASSWORD")}

    channel(server.port, ca_file, security=security, **login).send(notice, ("dev@shop.example",))

    assert mailbox.logins == ["toban"]
    assert len(mailbox.mails) == 1


def test_a_certificate_of_an_unknown_authority_gets_no_mail(
    start_smtp: Start, mailbox: Any, notice: Notice
) -> None:
    server = start_smtp(mailbox)

    failure = refused(channel(server.port, None), notice)

    assert failure.retry
    assert str(failure).startswith("メール: 証明書を確かめられません")
    assert mailbox.mails == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_for_another_name_gets_no_mail(
    security: str, start_smtp: Start, mailbox: Any, ca_file: Path, notice: Notice
) -> None:
    server = start_smtp(mailbox, security, names=("mail.elsewhere.example",))

    failure = refused(channel(server.port, ca_file, security=security), notice)

    assert "証明書を確かめられません" in str(failure)
    assert mailbox.mails == []


def test_a_server_without_starttls_gets_no_mail_in_the_clear(
    start_smtp: Start, mailbox: Any, ca_file: Path, notice: Notice
) -> None:
    server = start_smtp(mailbox, "none")

    failure = refused(channel(server.port, ca_file), notice)

    assert not failure.retry
    assert mailbox.mails == []


def test_a_relay_without_encryption_is_used_if_the_bindings_say_so(
    start_smtp: Start, mailbox: Any, notice: Notice
) -> None:
    server = start_smtp(mailbox, "none")

    channel(server.port, None, security="none").send(notice, ("dev@shop.example",))

    assert mailbox.encrypted == [False]


@pytest.mark.parametrize(
    ("reply", "retry"),
    [
        ("450 4.2.0 mailbox busy", True),
        ("452 4.2.2 mailbox full", True),
        ("550 5.1.1 no such user", False),
        ("551 5.1.6 user has moved to <dev@elsewhere.example>", False),
    ],
)
def test_a_refused_recipient_is_reported_by_its_reply_code(
    reply: str, retry: bool, start_smtp: Start, mailbox: Any, ca_file: Path, notice: Notice
) -> None:
    mailbox.recipient_reply = reply
    server = start_smtp(mailbox)

    failure = refused(channel(server.port, ca_file), notice)

    assert failure.retry is retry
    assert str(failure) == f"メール: {reply}"


@pytest.mark.parametrize(("reply", "retry"), [("451 4.3.0 try later", True), ("554 5.7.1 spam", False)])
def test_refused_content_is_reported_by_its_reply_code(
    reply: str, retry: bool, start_smtp: Start, mailbox: Any, ca_file: Path, notice: Notice
) -> None:
    mailbox.data_reply = reply
    server = start_smtp(mailbox)

    assert refused(channel(server.port, ca_file), notice).retry is retry


def test_an_invalid_address_never_reaches_the_server(
    start_smtp: Start, mailbox: Any, ca_file: Path, notice: Notice
) -> None:
    server = start_smtp(mailbox)

    failure = refused(channel(server.port, ca_file), notice, "dev@shop.example\r\nDATA")

    assert not failure.retry
    assert mailbox.mails == []
