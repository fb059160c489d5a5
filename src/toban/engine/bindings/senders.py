"""Who may send to Toban, and in which format."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, InstanceOf, model_validator

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.values import ZoneName
from toban.message import Message

LogFormat = Literal["json", "text", "docker", "journald", "access", "syslog", "postgresql"]
"""The format of log lines; `toban.chapters.logs.formats` reads them."""


LogEncoding = Literal["utf-8", "shift_jis", "euc-jp", "utf-16", "utf-16le", "utf-16be"]
"""The encoding of log lines."""


class FileBinding(Section):
    """`[[senders.NAME.files]]`: format, log and service of the lines of a file that `toban agent` sends."""

    path: str = Field(min_length=1)
    """As the agent names it; `*` matches anything, even `/`."""
    format: LogFormat | None = None
    log: str = ""
    service: str = ""
    zone: ZoneName | None = None
    encoding: LogEncoding | None = None
    """As in `SenderBinding`, for lines that differ from the sender's others."""


def _network(written: object) -> object:
    if isinstance(written, IPv4Network | IPv6Network):
        return written
    try:
        return ip_network(written) if isinstance(written, str) else None
    except ValueError as error:
        raise invalid(Message("bindings.not-a-network"), Message("bindings.write-a-network")) from error


Network = Annotated[InstanceOf[IPv4Network] | InstanceOf[IPv6Network], BeforeValidator(_network)]


class SenderBinding(Section):
    """Who may send to Toban, and what."""

    token: Secret | None = None
    """Shown as `Authorization: Bearer`, or as the password of HTTP Basic."""
    may: tuple[Literal["alerts", "metrics", "logs", "traces", "inventory"], ...] = Field(min_length=1)
    log: str = ""
    """The document's kind of log for lines that don't name one."""
    service: str = ""
    """The service of lines that don't name one."""
    format: LogFormat | None = None
    """The format of its lines; None: the usual one of the endpoint that receives them."""
    zone: ZoneName | None = None
    """The zone of times without an offset; None: the document's."""
    encoding: LogEncoding | None = None
    """The encoding of its lines; None: UTF-8, or what a byte order mark says."""
    kinds: tuple[str, ...] = ()
    """The document's kinds of log that it may write; empty: all, except that audit logs must be named."""
    services: tuple[str, ...] = ()
    """The services that it may write for; empty: all. `*` matches anything."""
    files: tuple[FileBinding, ...] = ()
    """The files that it sends; the first match wins."""
    networks: tuple[Network, ...] = ()
    """Where its syslog messages come from: they carry no token."""
    hosts: tuple[str, ...] = ()
    """The host names in those networks that belong to this sender; empty: all. `*` matches anything."""

    @model_validator(mode="after")
    def _is_known_by_something(self) -> Self:
        if self.token is None and not self.networks:
            raise invalid(Message("bindings.unknown-sender"), Message("bindings.write-token-or-networks"))
        if self.hosts and not self.networks:
            raise invalid(
                Message("bindings.hosts-without-networks"), Message("bindings.hosts-choose-among-networks")
            )
        return self
