"""The settings of `[scaling.GROUP]` with `kind = "ssh"`."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from toban.chapters.capacity.scalers.by_command import ByCommand
from toban.engine.ssh.login import HostName, SshLogin


class SshScaling(ByCommand, SshLogin):
    """`kind = "ssh"`: commands on another host."""

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {
        "host": "app-1.example.com",
        "user": "scale",
        "key": "file:ssh/scale",
        "known_hosts": "ssh/known_hosts",
        "resize": ["/opt/shop/bin/resize", "{to}"],
        "count": ["/opt/shop/bin/count"],
    }

    host: HostName
    """Where the commands run."""
