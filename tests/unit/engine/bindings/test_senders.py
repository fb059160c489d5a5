"""Who may send: identified by a token, or by the network that syslog messages come from."""

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


def test_the_files_of_an_agent_are_declared_with_its_token() -> None:
    found = sender(
        'token = "env:IT"\nfiles = [{ path = "/var/log/nginx/*", format = "access", log = "アクセスログ" }]'
    )

    assert [(each.path, each.format, each.log) for each in found.files] == [
        ("/var/log/nginx/*", "access", "アクセスログ")
    ]


def test_a_syslog_sender_is_identified_by_its_network() -> None:
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
def test_sender_tables_that_identify_nobody_or_mean_nothing_are_refused(text: str, complaint: str) -> None:
    with pytest.raises(UnreadableBindings) as told:
        sender(text)

    assert complaint in str(told.value)
    assert "HINT: " in str(told.value)
