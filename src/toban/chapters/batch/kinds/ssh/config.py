"""The settings in `toban.toml` of a batch that runs a command on another host."""

from typing import Literal, Self

from pydantic import model_validator

from toban.engine.bindings.section import invalid
from toban.engine.bindings.values import HostCount, HostShare
from toban.engine.runs.commands.declared import CommandBinding
from toban.engine.ssh.login import HostName, SshLogin
from toban.message import Message


class SshBatch(CommandBinding, SshLogin):
    """`kind = "ssh"`."""

    host: str = ""
    hosts: tuple[HostName, ...] = ()
    """Several hosts, on each of which the command runs; either this or `host`."""
    at_once: HostCount = HostShare(1)
    """On how many of them it may run at the same time; by default one after another."""
    on_failure: Literal["stop", "continue"] = "stop"
    """Whether more hosts begin after it failed on one."""

    @model_validator(mode="after")
    def _is_for_some_host(self) -> Self:
        if bool(self.host) is bool(self.hosts):
            raise invalid(Message("batch.host-or-hosts"))
        self.demand_distinct(self.hosts)
        return self

    @property
    def all_hosts(self) -> tuple[str, ...]:
        """The hosts, in the order of their turns."""
        return self.hosts or (self.host,)
