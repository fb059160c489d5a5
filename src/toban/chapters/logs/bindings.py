"""What `toban.toml` says for chapter 3: what the document leaves open of logs, and where syslog comes in."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf
from pydantic_core import PydanticCustomError

from toban.engine.bindings.masking import Masking
from toban.engine.bindings.section import Section, beside_the_bindings
from toban.engine.bindings.table import Table, single


class KindRule(Section):
    """`kinds` in `[logs]`: lines that are of a kind by one of their fields, whoever sends them."""

    field: str = Field(min_length=1)
    """As it is sent."""
    value: str = Field(min_length=1)
    """What it is; `*` stands for anything."""
    log: str = Field(min_length=1)
    """The document's kind of log that such a line is, where it doesn't say itself."""


class ArchiveBinding(Section):
    """`[logs.archive]`: where logs are kept on when the document lets go of them."""

    example: ClassVar[Mapping[str, str]] = {"store": "アーカイブ"}

    store: str = Field(min_length=1)
    """The `[stores.NAME]` it goes to."""
    kinds: tuple[str, ...] = ()
    """The document's kinds of log that are archived; empty: all of them."""


class LogBinding(Masking):
    """`[logs]`: what the document leaves open of logs."""

    production: bool = True
    """Whether what is sent here comes from production, so that levels not written there are dropped."""
    kinds: tuple[KindRule, ...] = ()
    levels: Mapping[str, str] = {}
    """A word that an application writes → the document's level."""
    archive: ArchiveBinding | None = None
    """Where days go before they are deleted; None: they are deleted."""


@dataclass(frozen=True, slots=True)
class HostPort:
    """Where to listen."""

    host: str
    """An address of this machine's, or that of all."""
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _host_port(written: object) -> HostPort:
    if isinstance(written, HostPort):
        return written
    host, _, port = str(written).rpartition(":")
    try:
        found = HostPort(str(ip_address(host.removeprefix("[").removesuffix("]"))), int(port))
    except ValueError:
        found = HostPort("", 0)
    if not 0 < found.port < 65536:
        hint = 'この機械のアドレスとポートで: "0.0.0.0:5514"、"[::]:6514"'
        raise PydanticCustomError("host_port", "アドレスとポートではありません", {"hint": hint})
    return found


Listening = Annotated[InstanceOf[HostPort], BeforeValidator(_host_port)]


class SyslogTls(Section):
    """`[syslog.tls]`: syslog over TLS (RFC 5425)."""

    listen: Listening
    certificate: Annotated[Path, AfterValidator(beside_the_bindings)]
    """The chain, in PEM."""
    key: Annotated[Path, AfterValidator(beside_the_bindings)]
    clients: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """The authorities of whose certificates senders must show one; None: they show none."""


class SyslogBinding(Section):
    """`[syslog]`: where syslog is listened for. What is not written is not listened on."""

    tcp: Listening | None = None
    udp: Listening | None = None
    tls: SyslogTls | None = None


LOGS = single("logs", LogBinding, LogBinding())

SYSLOG: Table[SyslogBinding | None] = single("syslog", SyslogBinding, None)
"""Where syslog is listened for; None: nowhere."""
