"""IAM: the credential report, who holds which policy, and what passwords need."""

import time
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from toban.chapters.accounts.account import AccountList, PasswordTerms
from toban.chapters.accounts.collector import AccountsUnknown
from toban.chapters.accounts.collectors.aws.config import AwsAccounts
from toban.chapters.accounts.collectors.aws.reading import grants_of, terms_of, users
from toban.engine.aws import FAULTS, client, code_of, fault_of
from toban.engine.bindings.aws import AwsAccess
from toban.engine.bindings.secret import SecretUnavailable
from toban.message import Message, message_of

_PAUSE = 0.5
_ATTEMPTS = 3
_ASKED = ["User", "Group", "LocalManagedPolicy"]
_EVERYTHING = "*"


class IamUsers:
    """One AWS account."""

    def __init__(self, config: AwsAccounts) -> None:
        self._config = config

    def read(self, now: datetime) -> AccountList:
        """See `AccountSource`. AWS makes a new report every four hours at most."""
        deadline = time.monotonic() + self._config.timeout
        try:
            with closing(_client(self._config.access, self._config.timeout)) as iam:
                report = self._report(iam, deadline)
                details = self._details(iam, deadline)
                terms = _terms(iam)
        except FAULTS as error:
            fault = fault_of(error, "IAM")
            raise AccountsUnknown(fault.words, retry=fault.passes) from error
        except SecretUnavailable as error:
            raise AccountsUnknown(message_of(error)) from error
        grants = grants_of(details, _EVERYTHING)
        found = users(report["Content"].decode(), grants, (*self._config.privileged, _EVERYTHING))
        # A user that is gone stands in the report until there is a new one.
        there = [each for each in found if each.name in grants or each.name.startswith("<")]
        return AccountList(there, min(report["GeneratedTime"], now), terms)

    def _details(self, iam: Any, deadline: float) -> Mapping[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for page in iam.get_paginator("get_account_authorization_details").paginate(Filter=_ASKED):
            for key in ("UserDetailList", "GroupDetailList", "Policies"):
                found.setdefault(key, []).extend(page.get(key, ()))
            if time.monotonic() > deadline:
                raise _too_slow(self._config.timeout)
        return found

    def _report(self, iam: Any, deadline: float) -> Mapping[str, Any]:
        while iam.generate_credential_report().get("State") != "COMPLETE":
            if time.monotonic() > deadline:
                raise _too_slow(self._config.timeout)
            time.sleep(_PAUSE)
        found: Mapping[str, Any] = iam.get_credential_report()
        return found


class IamLock:
    """The same account, by keys that may take credentials away."""

    def __init__(self, access: AwsAccess, timeout: float) -> None:
        self._access = access
        self._timeout = timeout

    def lock(self, name: str) -> None:
        """See `AccountLock`: the password is deleted, for IAM knows nothing less, and keys are off."""
        try:
            with closing(_client(self._access, self._timeout)) as iam:
                for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
                    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
                iam.delete_login_profile(UserName=name)
        except ClientError as error:
            # There is no such user, or it has no password.
            if code_of(error) != "NoSuchEntity":
                raise _refused(error) from error
        except FAULTS as error:
            raise _refused(error) from error
        except SecretUnavailable as error:
            raise AccountsUnknown(message_of(error)) from error


def _refused(error: Any) -> AccountsUnknown:
    fault = fault_of(error, "IAM")
    return AccountsUnknown(Message("accounts.lock-refused", why=fault.words), retry=fault.passes)


def _client(access: AwsAccess, timeout: float) -> Any:
    return client("iam", access, read_timeout=timeout, attempts=_ATTEMPTS)


def _terms(iam: Any) -> PasswordTerms | None:
    try:
        return terms_of(iam.get_account_password_policy()["PasswordPolicy"])
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
        # Without a policy of one's own, IAM demands eight characters and no more.
        return PasswordTerms(8, ())


def _too_slow(seconds: float) -> AccountsUnknown:
    return AccountsUnknown(Message("accounts.too-slow", seconds=round(seconds)), retry=True)
