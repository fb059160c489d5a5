"""Members of a GitHub organisation."""

from toban.chapters.accounts.collector import AccountKind, AccountLock, AccountSource
from toban.chapters.accounts.collectors.github.config import GithubAccounts


def _open(config: GithubAccounts) -> AccountSource:
    # This loads the HTTP client, which code that only reads the bindings need not wait for.
    from toban.chapters.accounts.collectors.github.source import OrganizationMembers  # noqa: PLC0415

    return OrganizationMembers(config)


def _lock(config: GithubAccounts) -> AccountLock | None:
    if config.lock_token is None:
        return None
    from toban.chapters.accounts.collectors.github.source import MemberRemoval  # noqa: PLC0415

    return MemberRemoval(config, config.lock_token)


KIND = AccountKind(GithubAccounts, _open, _lock)
