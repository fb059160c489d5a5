"""The settings of `[resources.NAME]` with `kind = "storage"`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from toban.chapters.capacity.bindings import ResourceBinding
from toban.chapters.capacity.usage_sources.values import AbsolutePath
from toban.engine.bindings.section import invalid
from toban.engine.ssh.login import HostName, SshLogin
from toban.message import Message


def _several(written: object) -> object:
    return (written,) if isinstance(written, str) else written


def _once(paths: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(paths)) < len(paths):
        raise invalid(Message("capacity-usage.path-twice"))
    return paths


class StorageHost(SshLogin):
    """`[resources.NAME.host]`: the host that the paths are on, and the login there."""

    name: HostName


class StorageUsage(ResourceBinding):
    """`kind = "storage"`: the file systems that some paths are on."""

    example: ClassVar[Mapping[str, str]] = {"path": "/var/lib/postgresql"}

    path: Annotated[
        tuple[AbsolutePath, ...],
        Field(min_length=1, max_length=32),
        BeforeValidator(_several),
        AfterValidator(_once),
    ]
    """One path, or several; each file system is counted once, however many of the paths are on it."""
    mounted: bool = False
    """Whether each path must itself be a mount point: without its disk, the one below would be measured."""
    host: StorageHost | None = None
    """The host to look at by SSH; without it, this one."""
    timeout: float = Field(default=10.0, gt=0, le=60)
    """Seconds: a file system of a server that is away never answers."""
