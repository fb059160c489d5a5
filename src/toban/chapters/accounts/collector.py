"""The extension point for systems with accounts: a Protocol to read, one to lock, one failure type."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from toban.chapters.accounts.account import AccountList
from toban.chapters.accounts.bindings import AccountsBinding
from toban.engine.bindings.table import kinded
from toban.engine.registry.kinds import KindPoint
from toban.engine.trial import ActFailed


class AccountsUnknown(ActFailed):
    """The system did not say who has access, or did not lock an account; see `ActFailed`."""


class AccountSource(Protocol):
    """A system with accounts, ready to be asked."""

    def read(self, now: datetime) -> AccountList:
        """Return all accounts, or raise `AccountsUnknown`, within the binding's `timeout`.

        *now* is in the document's zone: what a system writes without an offset is meant there.
        """


class AccountLock(Protocol):
    """The same system with rights to lock accounts."""

    def lock(self, name: str) -> None:
        """Lock the account so that nobody signs in with it; one that is locked or gone stays so.

        Raises `AccountsUnknown`.
        """


def _locks_nothing(_config: Any) -> AccountLock | None:
    return None


@dataclass(frozen=True, slots=True)
class AccountKind:
    """A kind of system as `toban.toml` names it."""

    config: type[AccountsBinding]
    open: Callable[[Any], AccountSource]
    """Returns the source of a config; connects not yet."""
    lock: Callable[[Any], AccountLock | None] = _locks_nothing
    """Returns what locks accounts there, by the config's second, writing credentials; None without them."""


ACCOUNT_KINDS = KindPoint("accounts", AccountKind)
"""`kind = "…"` of `[accounts.NAME]`."""

ACCOUNTS = kinded("accounts", AccountsBinding, ACCOUNT_KINDS)
"""A system → where its accounts are read."""
