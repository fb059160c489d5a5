"""The settings of `[accounts.NAME]` with `kind = "aws"`."""

from collections.abc import Mapping
from typing import ClassVar

from toban.chapters.accounts.bindings import AccountsBinding
from toban.engine.bindings.aws import AwsAccess


class AwsAccounts(AccountsBinding):
    """`kind = "aws"`: `iam:GenerateCredentialReport`, `iam:Get*` and `iam:List*` are enough."""

    access: AwsAccess
    privileged: tuple[str, ...] = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
    """Policies whose holders may do everything."""
    lock: AwsAccess | None = None
    """Keys that may also `iam:DeleteLoginProfile` and `iam:UpdateAccessKey`: with them, Toban may lock."""

    example: ClassVar[Mapping[str, str]] = {}
