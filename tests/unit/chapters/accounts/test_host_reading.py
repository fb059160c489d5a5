"""What a host tells of its accounts, line by line."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.accounts.collectors.host.reading import NotAccounts, read_accounts

NOW = datetime(2026, 12, 1, tzinfo=UTC)
PASSWD = "p:tanaka:x:1000:1000::/home/tanaka:/bin/bash"


def told(*lines: str) -> str:
    return "\n".join(("toban-accounts 1", *lines, "end"))


def test_the_newest_sign_in_counts_with_its_address() -> None:
    written = told(
        PASSWD,
        "p:suzuki:x:1001:1001::/home/suzuki:/bin/bash",
        "l:tanaka   pts/0        192.0.2.7        2026-11-30T09:00:00+09:00   still logged in",
        "l:tanaka   pts/0        192.0.2.8        2026-11-29T09:00:00+09:00 - 2026-11-29T10:00:00+09:00",
        "l:suzuki   tty1         2026-11-28T09:00:00+09:00 - down",
        "l:",
        "l:wtmp begins 2026-01-01T00:00:00+09:00",
    )

    tanaka, suzuki = read_accounts(written, (), NOW).accounts

    assert (tanaka.last_used_at, tanaka.last_used_from) == (datetime(2026, 11, 30, tzinfo=UTC), "192.0.2.7")
    assert suzuki.last_used_at == datetime(2026, 11, 28, tzinfo=UTC)
    assert suzuki.last_used_from == ""


def test_what_could_not_be_read_is_told_once_each() -> None:
    found = read_accounts(told(PASSWD, "-:shadow", "-:sudoers", "-:sudoers", "-:keys:tanaka"), (), NOW)

    assert [gap.code for gap in found.gaps] == [
        "accounts.gap-shadow",
        "accounts.gap-sudoers",
        "accounts.gap-keys",
    ]
    assert found.accounts[0].has_password is None
    assert found.accounts[0].is_locked is False


def test_an_ended_account_is_locked_though_it_has_keys() -> None:
    ended = (NOW - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(days=1)

    [today] = read_accounts(told(PASSWD, f"s:tanaka:set:20000:90:{ended}", "k:tanaka:1:1"), (), NOW).accounts
    [later] = read_accounts(told(PASSWD, f"s:tanaka:set:20000:90:{ended + 1}"), (), NOW).accounts

    assert (today.is_locked, later.is_locked) == (True, False)


@pytest.mark.parametrize("written", ["", "hello", "toban-accounts 1\nend", "toban-accounts 1\n" + PASSWD])
def test_an_answer_that_is_cut_off_or_empty_is_no_list(written: str) -> None:
    with pytest.raises(NotAccounts):
        read_accounts(written, (), NOW)
