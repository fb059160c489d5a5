"""Accounts of a host: passwd, shadow, groups, sudoers and authorized keys; here, or elsewhere by SSH."""

from toban.chapters.accounts.collector import AccountKind, AccountLock, AccountSource
from toban.chapters.accounts.collectors.host.config import HostAccounts


def _open(config: HostAccounts) -> AccountSource:
    # This loads the SSH library, which code that only reads the bindings need not wait for.
    from toban.chapters.accounts.collectors.host.source import HostLogins  # noqa: PLC0415

    return HostLogins(config)


def _lock(config: HostAccounts) -> AccountLock | None:
    if config.lock is None or config.host is None:
        return None
    from toban.chapters.accounts.collectors.host.source import HostLock  # noqa: PLC0415

    return HostLock(config.lock.way(config.host.name), config.timeout)


KIND = AccountKind(HostAccounts, _open, _lock)
