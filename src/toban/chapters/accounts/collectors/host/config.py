"""The settings of `[accounts.NAME]` with `kind = "host"`."""

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator

from toban.chapters.accounts.bindings import AccountsBinding
from toban.engine.bindings.section import invalid
from toban.engine.ssh.login import HostName, SshLogin
from toban.message import Message


def _absolute(written: str) -> str:
    if not PurePosixPath(written).is_absolute():
        raise invalid(Message("accounts.path-not-absolute", path=written))
    return written


class AccountsHost(SshLogin):
    """`[accounts.NAME.host]`: the host, and the login there."""

    name: HostName


class AccountsLogin(SshLogin):
    """`[accounts.NAME.lock]`: another login on the same host, which may run `usermod` by `sudo`."""


class HostAccounts(AccountsBinding):
    """`kind = "host"`: everybody who can log in there."""

    root: Annotated[str, AfterValidator(_absolute)] = "/"
    """The folder that its file system begins with; another where Toban runs in a container."""
    by_sudo: bool = False
    """Whether to read by `sudo -n`: only root sees the ages of passwords, sudoers and others' keys."""
    privileged: tuple[str, ...] = ("root", "sudo", "wheel", "admin", "docker", "lxd")
    """Groups whose members may do everything."""
    host: AccountsHost | None = None
    """The host to look at by SSH; without it, this one."""
    lock: AccountsLogin | None = None
