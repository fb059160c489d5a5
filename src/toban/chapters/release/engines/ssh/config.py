"""The settings of `[deployments.NAME]` with `kind = "ssh"`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from toban.chapters.release.bindings import DeploymentBinding
from toban.engine.bindings.section import invalid
from toban.engine.bindings.values import HostCount, HostShare, Length
from toban.engine.ssh.login import HostName, SshLogin
from toban.message import Message

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _folder(written: str) -> str:
    if not written or written.startswith(("-", "~")) or _CONTROL.search(written):
        raise invalid(Message("release-ssh.not-a-folder"))
    return written


def _inside(written: str) -> str:
    parts = PurePosixPath(written).parts
    if not parts or parts[0] == "/" or {"..", "."} & set(parts) or _CONTROL.search(written):
        raise invalid(Message("release-ssh.not-inside"))
    return written


class SshDeployment(DeploymentBinding, SshLogin):
    """`kind = "ssh"`: a folder for each version on every host, and a link to the one that serves."""

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {
        "hosts": ["app-1.example.com"],
        "user": "deploy",
        "key": "file:ssh/deploy",
        "known_hosts": "ssh/known_hosts",
        "path": "/srv/shop",
    }

    hosts: tuple[HostName, ...] = Field(min_length=1, max_length=1000)
    """The hosts, in the order in which they switch. The first one migrates the database."""
    path: Annotated[str, AfterValidator(_folder)]
    """The folder there, with `releases`, `shared` and the link `current`.

    A relative one is below the user's home.
    """
    shared: tuple[Annotated[str, AfterValidator(_inside)], ...] = ()
    """What versions have in common, as paths in a version: `log/` (made if missing), `config/secret.env`.

    A version gets a link to the same path below `shared`.
    """
    migrate: tuple[str, ...] = ()
    """The command that changes the database before the switch.

    It runs in the new version's folder on the first host.
    """
    restart: tuple[str, ...] = ()
    """The command that has the application serve what `current` leads to; run there on every host."""
    restart_within: Length = timedelta(minutes=2)
    """The longest that `restart` may take on a host."""
    waves: tuple[HostCount, ...] = (HostShare(1), HostShare(share=1))
    """How many hosts have switched after each wave; health is checked in between."""

    @model_validator(mode="after")
    def _hosts_are_known(self) -> Self:
        self.demand_distinct(self.hosts)
        return self


def waves(hosts: Sequence[str], ends: Sequence[HostShare]) -> Iterator[Sequence[str]]:
    """Yield the hosts of each wave; those that the settings leave over are the last."""
    total = len(hosts)
    counts = sorted({min(end.of(total), total) for end in ends} | {0, total})
    return (hosts[after:upto] for after, upto in pairwise(counts))
