"""Users of an AWS account, by the credential report of IAM."""

from toban.chapters.accounts.collector import AccountKind, AccountLock, AccountSource
from toban.chapters.accounts.collectors.aws.config import AwsAccounts


def _open(config: AwsAccounts) -> AccountSource:
    # This loads boto3, which code that only reads the bindings need not wait for.
    from toban.chapters.accounts.collectors.aws.source import IamUsers  # noqa: PLC0415

    return IamUsers(config)


def _lock(config: AwsAccounts) -> AccountLock | None:
    if config.lock is None:
        return None
    from toban.chapters.accounts.collectors.aws.source import IamLock  # noqa: PLC0415

    return IamLock(config.lock, config.timeout)


KIND = AccountKind(AwsAccounts, _open, _lock)
