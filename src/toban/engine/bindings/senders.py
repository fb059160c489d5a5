"""Who may send to Toban, and how what they send is written."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, InstanceOf, model_validator
from pydantic_core import PydanticCustomError

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section

LogFormat = Literal["json", "text", "docker", "journald", "access", "syslog"]
"""How lines of a log are written; `toban.chapters.logs.formats` reads them."""


class FileBinding(Section):
    """`[[senders.NAME.files]]`: what the lines of a file are that `toban agent` sends."""

    path: str = Field(min_length=1)
    """As the agent names it; `*` stands for anything, `/` too."""
    format: LogFormat | None = None
    log: str = ""
    service: str = ""
    """As of the sender, where these lines differ."""


def _network(written: object) -> object:
    if isinstance(written, IPv4Network | IPv6Network):
        return written
    try:
        return ip_network(written) if isinstance(written, str) else None
    except ValueError as error:
        hint = '端数のないネットワークか、一つのアドレスで: "10.0.1.0/24"、"10.0.1.7"'
        raise PydanticCustomError("network", "ネットワークとして読めません", {"hint": hint}) from error


Network = Annotated[InstanceOf[IPv4Network] | InstanceOf[IPv6Network], BeforeValidator(_network)]


class SenderBinding(Section):
    """Who may send to Toban, and what."""

    token: Secret | None = None
    """Shown as `Authorization: Bearer`, or as the password of HTTP Basic."""
    may: tuple[Literal["alerts", "metrics", "logs", "traces"], ...] = Field(min_length=1)
    log: str = ""
    """The document's kind of log that its lines are, where they don't say."""
    service: str = ""
    """The service that its lines are of, where they don't say."""
    format: LogFormat | None = None
    """How its lines are written; None: as is usual where they come in."""
    files: tuple[FileBinding, ...] = ()
    """What the files are that it sends; the first that fits holds."""
    networks: tuple[Network, ...] = ()
    """Where its syslog messages come from, which show no token."""
    hosts: tuple[str, ...] = ()
    """Of those, the host names that are this sender's; empty: all. `*` stands for anything."""

    @model_validator(mode="after")
    def _is_known_by_something(self) -> Self:
        if self.token is None and not self.networks:
            hint = "鍵の置き場所を token に、syslog の送り手ならその networks を書いてください"
            raise PydanticCustomError("unknown_sender", "token も networks もありません", {"hint": hint})
        if self.hosts and not self.networks:
            hint = "hosts は、networks から届いたもののうちどのホストかを選びます"
            raise PydanticCustomError("hosts_alone", "networks のない hosts です", {"hint": hint})
        return self
