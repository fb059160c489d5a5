"""The settings of `[inventory.NAME]` with `kind = "host"`."""

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator

from toban.chapters.vulnerabilities.bindings import InventoryBinding
from toban.engine.bindings.section import invalid
from toban.engine.ssh.login import HostName, SshLogin
from toban.message import Message


def _absolute(written: str) -> str:
    if not PurePosixPath(written).is_absolute():
        raise invalid(Message("vulnerabilities.path-not-absolute", path=written))
    return written


class InventoryHost(SshLogin):
    """`[inventory.NAME.host]`: the host, and the login there; it needs no rights but to read."""

    name: HostName


class HostInventory(InventoryBinding):
    """`kind = "host"`: the packages of a host's distribution."""

    root: Annotated[str, AfterValidator(_absolute)] = "/"
    """The folder that its file system begins with; another where Toban runs in a container."""
    host: InventoryHost | None = None
    """The host to look at by SSH; without it, this one."""
