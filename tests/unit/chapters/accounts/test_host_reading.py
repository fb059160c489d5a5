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


SUZUKI = "p:suzuki:x:1001:1001::/home/suzuki:/bin/bash"


@pytest.mark.parametrize(
    "rules",
    [
        ("u:tanaka\tALL=(ALL)\tNOPASSWD: ALL",),
        ("u:suzuki, tanaka ALL=(ALL) ALL",),
        ("u:suzuki,\\", "u:  tanaka\tALL = ALL"),
        ("u:User_Alias\tOPS = LEADS", "u:User_Alias LEADS=tanaka,OPS", "u:OPS\tALL=(ALL) ALL"),
    ],
)
def test_who_may_run_anything_however_the_rule_is_written(rules: tuple[str, ...]) -> None:
    found = read_accounts(told(PASSWD, SUZUKI, *rules), (), NOW).accounts

    assert "tanaka" in [each.name for each in found if each.is_privileged]


def test_a_rule_about_others_gives_nothing() -> None:
    written = told(PASSWD, SUZUKI, "u:Defaults:tanaka !lecture=never", "u:suzuki\tALL=(ALL) /bin/tanaka")

    assert [each.is_privileged for each in read_accounts(written, (), NOW).accounts] == [False, True]


@pytest.mark.parametrize(
    ("line", "is_locked"),
    [
        ("a:AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys2", True),
        ("a:AuthorizedKeysCommand none", True),
        ("a:AuthorizedKeysFile /etc/ssh/keys/%u", False),
        ("a:  authorizedkeyscommand=/usr/bin/sss_ssh_authorizedkeys", False),
        ("a:TrustedUserCAKeys /etc/ssh/ca.pub", False),
        ("-:elsewhere", False),
    ],
)
def test_keys_that_are_kept_elsewhere_may_still_open_a_locked_account(line: str, is_locked: bool) -> None:
    found = read_accounts(told(PASSWD, "s:tanaka:locked:20000:90:", line), (), NOW)

    assert [each.is_locked for each in found.accounts] == [is_locked]
    assert [gap.code for gap in found.gaps] == ([] if is_locked else ["accounts.gap-elsewhere"])


def test_a_length_that_pam_does_not_look_at_demands_nothing() -> None:
    found = read_accounts(told(PASSWD, "d:PASS_MAX_DAYS 90", "d:PASS_MIN_LEN 12"), (), NOW)

    assert found.terms is not None
    assert found.terms.min_length is None
