"""What an entry of a directory says of its account."""

from datetime import UTC, datetime

import pytest

from toban.chapters.accounts.collectors.ldap.reading import account

NOW = datetime(2026, 12, 1, tzinfo=UTC)
FOR_GOOD = {"pwdaccountlockedtime": ["000001010000Z"]}


@pytest.mark.parametrize(
    ("entry", "is_locked"),
    [
        (FOR_GOOD, True),
        ({"pwdaccountlockedtime": ["20261130120000Z"]}, False),
        ({**FOR_GOOD, "sshpublickey": ["ssh-ed25519 AAAA"]}, False),
        ({"nsaccountlock": ["TRUE"], "sshpublickey": ["ssh-ed25519 AAAA"]}, True),
        ({"useraccountcontrol": ["514"]}, True),
        ({"useraccountcontrol": ["512"], "accountexpires": ["0"]}, False),
        ({"accountexpires": ["135000000000000000"]}, False),
        ({"accountexpires": ["133000000000000000"]}, True),
    ],
)
def test_an_entry_is_locked_if_nothing_of_it_opens(entry: dict[str, list[str]], is_locked: bool) -> None:
    assert account(entry, "tanaka", (), (), NOW).is_locked is is_locked
