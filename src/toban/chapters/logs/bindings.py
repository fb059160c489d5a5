"""Chapter 3 in `toban.toml`: what the document leaves open about logs, and where to listen for syslog."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf

from toban.design.clauses.base import Clause
from toban.design.clauses.logs import LogKind
from toban.design.reader import Design
from toban.design.values.duration import Duration
from toban.engine.bindings.masking import Masking
from toban.engine.bindings.section import Assumed, Section, beside_the_bindings, invalid
from toban.engine.bindings.table import Table, single
from toban.engine.bindings.values import Length
from toban.engine.telemetry.logs.words import AUDIT, kind_of
from toban.message import Message


class KindRule(Section):
    """`kinds` in `[logs]`: assigns lines of any sender to a kind by one of their fields."""

    field: str = Field(min_length=1)
    """Its name as sent."""
    value: str = Field(min_length=1)
    """Its value; `*` matches anything."""
    log: str = Field(min_length=1)
    """The document's kind of log for such a line, if the line names none itself."""


class ArchiveBinding(Section):
    """`[logs.archive]`: where logs are kept after the document's retention ends."""

    example: ClassVar[Mapping[str, str]] = {"store": "アーカイブ"}

    store: str = Field(min_length=1)
    """The `[stores.NAME]` to archive to."""
    kinds: tuple[str, ...] = ()
    """The document's kinds of log to archive; empty: all of them."""


def _unkept_audit(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return (
        row
        for row in design.of(LogKind)
        if kind_of(row.name) == AUDIT and not isinstance(row.retention, Duration)
    )


class LogBinding(Masking):
    """`[logs]`: what the document leaves open about logs."""

    production: bool = True
    """Whether the logs sent here come from production; if so, levels not written there are dropped."""
    kinds: tuple[KindRule, ...] = ()
    levels: Mapping[str, str] = {}
    """A word that an application writes → the document's level."""
    audit_kept: Annotated[Length, Assumed("logs.assumed-audit", Message("logs.why-audit"), _unkept_audit)] = (
        timedelta(days=366)
    )
    """How long shipped evidence is kept if the document gives no length for the audit log."""
    archive: ArchiveBinding | None = None
    """Where days are moved before they are deleted; None: they are only deleted."""


@dataclass(frozen=True, slots=True)
class HostPort:
    """Where to listen."""

    host: str
    """An address of this machine, or the one for all addresses."""
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
        raise invalid(Message("logs.not-an-address-and-port"), Message("logs.write-address-and-port"))
    return found


Listening = Annotated[InstanceOf[HostPort], BeforeValidator(_host_port)]


class SyslogTls(Section):
    """`[syslog.tls]`: syslog over TLS (RFC 5425)."""

    listen: Listening
    certificate: Annotated[Path, AfterValidator(beside_the_bindings)]
    """The chain, in PEM."""
    key: Annotated[Path, AfterValidator(beside_the_bindings)]
    clients: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """The authorities that must have signed a sender's certificate; None: senders show no certificate."""


class SyslogBinding(Section):
    """`[syslog]`: where to listen for syslog. Only the transports given here are opened."""

    tcp: Listening | None = None
    udp: Listening | None = None
    tls: SyslogTls | None = None


LOGS = single("logs", LogBinding, LogBinding())

SYSLOG: Table[SyslogBinding | None] = single("syslog", SyslogBinding, None)
"""Where to listen for syslog; None: nowhere."""
