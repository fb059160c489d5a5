"""Who may send: by a token, or by where syslog messages come from."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from tests.registered import schema

from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.bindings.senders import SenderBinding


def sender(text: str) -> SenderBinding:
    return read_bindings(f'[senders.it]\nmay = ["logs"]\n{text}\n', Path("toban.toml"), schema()).senders[
        "it"
    ]


def test_the_files_of_an_agent_are_declared_where_its_token_is() -> None:
    found = sender(
        'token = "env:IT"\nfiles = [{ path = "/var/log/nginx/*", format = "access", log = "アクセスログ" }]'
    )

    assert [(each.path, each.format, each.log) for each in found.files] == [
        ("/var/log/nginx/*", "access", "アクセスログ")
    ]


def test_a_sender_of_syslog_is_known_by_where_it_is() -> None:
    found = sender('networks = ["10.0.1.0/24", "2001:db8::7"]\nhosts = ["fw-*"]')

    assert found.token is None
    assert found.networks == (ip_network("10.0.1.0/24"), ip_network("2001:db8::7"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "token も networks もありません"),
        ('token = "env:IT"\nhosts = ["fw-*"]', "networks のない hosts です"),
        ('networks = ["10.0.1.1/24"]', "ネットワークとして読めません"),
        ('networks = ["everywhere"]', "ネットワークとして読めません"),
        ('token = "env:IT"\nformat = "xml"', "書けるのは"),
    ],
)
def test_what_identifies_nobody_or_means_nothing_is_told(text: str, complaint: str) -> None:
    with pytest.raises(UnreadableBindings) as told:
        sender(text)

    assert complaint in str(told.value)
    assert "HINT: " in str(told.value)
