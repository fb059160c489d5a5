from pathlib import Path

import pytest
from pydantic import ValidationError

from toban.engine.notify.channels.email.config import EmailConfig
from toban.engine.notify.channels.slack.config import SlackConfig


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_each_security_mode_has_its_usual_port(security: str, port: int) -> None:
    written = {"host": "mail", "sender": "toban@shop.example", "security": security}

    assert EmailConfig.model_validate(written).port_used == port


@pytest.mark.parametrize(
    "extra",
    [
        {"username": "toban"},
        {"password": "env:SMTP_PASSWORD"},
        {"username": "toban", "password": "env:SMTP_PASSWORD", "security": "none"},
        {"username": "toban", "password": "the password itself"},
        {"sender": "toban"},
    ],
)
def test_mail_that_would_fail_or_show_its_password_is_refused(extra: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        EmailConfig.model_validate({"host": "mail", "sender": "toban@shop.example", **extra})


def test_a_certificate_file_is_resolved_next_to_toban_toml() -> None:
    written = {"host": "mail", "sender": "toban@shop.example", "ca_file": "ca.pem"}

    config = EmailConfig.model_validate(written, context={"base": Path("/etc/toban")})

    assert config.ca_file == Path("/etc/toban/ca.pem")


def test_a_slack_channel_is_named_with_its_hash() -> None:
    with pytest.raises(ValidationError):
        SlackConfig.model_validate({"webhook": "env:SLACK_WEBHOOK", "channel": "monitoring"})
