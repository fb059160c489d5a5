"""Asks a kind of system for its accounts, as the worker does."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.accounts.account import AccountList, FoundAccount
from toban.chapters.accounts.collector import AccountKind, AccountsUnknown

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def read(kind: AccountKind, **written: object) -> AccountList:
    return kind.open(kind.config.model_validate(written)).read(NOW)


def named(found: AccountList) -> Mapping[str, FoundAccount]:
    return {each.name: each for each in found.accounts}


def refused(kind: AccountKind, **written: object) -> str:
    with pytest.raises(AccountsUnknown) as failed:
        read(kind, **written)
    return str(failed.value)
