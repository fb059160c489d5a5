"""Asking a host who can log in there, and locking an account of it."""

import asyncio
import subprocess
from datetime import datetime

from toban.chapters.accounts.account import AccountList
from toban.chapters.accounts.collector import AccountsUnknown
from toban.chapters.accounts.collectors.host.config import HostAccounts
from toban.chapters.accounts.collectors.host.reading import SCRIPT, NotAccounts, read_accounts
from toban.engine.ssh.connect import RemoteAnswer, answer_of
from toban.engine.ssh.host import SshHost, Unreachable
from toban.message import Message, message_of

_LONGEST_SAID = 300


class HostLogins:
    """One host."""

    def __init__(self, config: HostAccounts) -> None:
        self._config = config
        script = ("sh", "-c", SCRIPT, "sh", config.root.rstrip("/"))
        self._command = ("sudo", "-n", *script) if config.by_sudo else script

    def read(self, now: datetime) -> AccountList:
        """See `AccountSource`."""
        host = self._config.host
        answer = (
            self._here() if host is None else _there(host.way(host.name), self._command, self._config.timeout)
        )
        if answer.status != 0:
            words = answer.err.strip()[-_LONGEST_SAID:]
            raise AccountsUnknown(Message("accounts.list-failed", words=words))
        try:
            return read_accounts(answer.out, self._config.privileged, now)
        except NotAccounts as error:
            raise AccountsUnknown(Message("accounts.not-a-list")) from error

    def _here(self) -> RemoteAnswer:
        try:
            done = subprocess.run(
                self._command, capture_output=True, timeout=self._config.timeout, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise _too_slow(self._config.timeout) from error
        return RemoteAnswer(
            done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        )


class HostLock:
    """The same host, by a login that may lock accounts."""

    def __init__(self, host: SshHost, timeout: float) -> None:
        self._host = host
        self._timeout = timeout

    def lock(self, name: str) -> None:
        """See `AccountLock`: the password is locked, and the account has ended, so that keys do not help."""
        answer = _there(
            self._host, ("sudo", "-n", "usermod", "--lock", "--expiredate", "1", "--", name), self._timeout
        )
        # 6: there is no such account.
        if answer.status not in (0, 6):
            raise AccountsUnknown(Message("accounts.lock-refused", why=answer.first_words))


def _there(host: SshHost, command: tuple[str, ...], timeout: float) -> RemoteAnswer:
    try:
        return asyncio.run(answer_of(host, command, timeout))
    except Unreachable as error:
        raise AccountsUnknown((message_of(error), error.hint), retry=not error.lasting) from error
    except TimeoutError as error:
        raise _too_slow(timeout) from error


def _too_slow(seconds: float) -> AccountsUnknown:
    return AccountsUnknown(Message("accounts.too-slow", seconds=round(seconds)), retry=True)
