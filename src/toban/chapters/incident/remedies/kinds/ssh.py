"""A command of the team's own, on another host."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from pydantic import Field, model_validator

from toban.chapters.incident.remedies.commanded import ByCommand, CommandedRemedy
from toban.chapters.incident.remedies.remedy import Rehearsal, RemedyFailed, RemedyKind, RemedySite
from toban.engine.runs.work import RunTurn
from toban.engine.ssh.login import HostName, SshLogin
from toban.engine.trial import Doubt
from toban.message import Message


class SshRemedy(ByCommand, SshLogin):
    """`kind = "ssh"`: a command on another host."""

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {
        "hosts": ["web-1.example.com"],
        "user": "restart",
        "key": "file:ssh/restart",
        "known_hosts": "ssh/known_hosts",
        "command": ["/opt/shop/bin/restart"],
    }

    hosts: tuple[HostName, ...] = Field(min_length=1)
    """Where it runs: on the one by whose name the alert's instance goes; a single one is for all."""

    @model_validator(mode="after")
    def _hosts_are_distinct(self) -> Self:
        self.demand_distinct(self.hosts)
        return self

    def host_of(self, instance: str) -> str | None:
        """Return the host of *instance*: of that name, or its first part; None if that is not clear."""
        if len(self.hosts) == 1:
            return self.hosts[0]
        exact = [host for host in self.hosts if host == instance]
        found = exact or [host for host in self.hosts if host.partition(".")[0] == instance]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class RemoteRemedy:
    """See `Remedy`: which host it is depends on the alert."""

    config: SshRemedy

    def rehearse(self, turn: RunTurn) -> Rehearsal:
        """See `Remedy`."""
        return self._at(turn).rehearse(turn)

    def apply(self, turn: RunTurn, facts: Mapping[str, object]) -> Message:
        """See `Remedy`."""
        return self._at(turn).apply(turn, facts)

    def doubts(self) -> Iterator[Doubt]:
        """Yield what would keep it from working on any of the hosts."""
        for host in self.config.hosts:
            yield from _commanded(self.config, host).doubts()

    def _at(self, turn: RunTurn) -> CommandedRemedy:
        instance = turn.parameters.get("instance", "")
        host = self.config.host_of(instance)
        if host is None:
            said = Message("incident-remedies.which-host", instance=instance, hosts=self.config.hosts)
            raise RemedyFailed(said, hint=Message("incident-remedies.name-hosts-as-instances"))
        return _commanded(self.config, host)


def _commanded(config: SshRemedy, host: str) -> CommandedRemedy:
    # This loads the SSH library, which code that only reads the bindings need not wait for.
    from toban.engine.runs.commands.there import There  # noqa: PLC0415

    return CommandedRemedy(config, There(config.way(host)))


def _open(config: SshRemedy, _site: RemedySite) -> RemoteRemedy:
    return RemoteRemedy(config)


def _doubts(config: SshRemedy, _site: RemedySite) -> Iterable[Doubt]:
    return RemoteRemedy(config).doubts()


def _bound(config: SshRemedy) -> str:
    return f"{', '.join(str(config.way(host)) for host in config.hosts)}: {' '.join(config.command)}"


KIND = RemedyKind(config=SshRemedy, open=_open, doubts=_doubts, bound=_bound)
