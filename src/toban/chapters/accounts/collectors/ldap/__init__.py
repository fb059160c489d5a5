"""Entries of a directory: OpenLDAP, 389 DS, Active Directory."""

from toban.chapters.accounts.collector import AccountKind, AccountLock, AccountSource
from toban.chapters.accounts.collectors.ldap.config import LdapAccounts


def _open(config: LdapAccounts) -> AccountSource:
    # This loads the LDAP library, which code that only reads the bindings need not wait for.
    from toban.chapters.accounts.collectors.ldap.source import DirectoryEntries  # noqa: PLC0415

    return DirectoryEntries(config)


def _lock(config: LdapAccounts) -> AccountLock | None:
    if config.lock is None:
        return None
    from toban.chapters.accounts.collectors.ldap.source import DirectoryLock  # noqa: PLC0415

    return DirectoryLock(config, config.lock)


KIND = AccountKind(LdapAccounts, _open, _lock)
