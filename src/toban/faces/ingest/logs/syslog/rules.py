"""Which sender a message belongs to, and what is stored of it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple
from zoneinfo import ZoneInfo

from toban.chapters.logs.formats import access, syslog, text
from toban.chapters.logs.formats.convert import Record, Surroundings, completed, decoded
from toban.chapters.logs.formats.encodings import in_utf8
from toban.chapters.logs.intake.limits import AHEAD
from toban.chapters.logs.intake.moments import moment_of
from toban.chapters.logs.intake.shapes import known_of
from toban.engine.bindings.senders import SenderBinding

type Address = IPv4Address | IPv6Address
type Senders = Mapping[str, SenderBinding]


class SyslogMessage(NamedTuple):
    """A message as it arrived."""

    source: Address
    at: float
    """When it arrived, in seconds since 1970."""
    content: bytes


def address_of(written: str) -> Address:
    """Return an address; IPv4 mapped into IPv6 becomes IPv4, which is how operators write networks."""
    address = ip_address(written.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def at_home(source: Address, senders: Senders) -> Sequence[str]:
    """Return the senders of logs whose networks contain *source*, in the order of the bindings."""
    return [
        name
        for name, sender in senders.items()
        if "logs" in sender.may and any(source in network for network in sender.networks)
    ]


def sender_of(source: Address, host: str, senders: Senders) -> str | None:
    """Return the first sender at *source* that *host*, as named in the message, belongs to."""
    for name in at_home(source, senders):
        hosts = senders[name].hosts
        if not hosts or any(fnmatchcase(host.lower(), each.lower()) for each in hosts):
            return name
    return None


def sorted_out(
    messages: Sequence[SyslogMessage], senders: Senders, around: Surroundings
) -> Iterator[tuple[str | None, Record]]:
    """Yield each message's sender, None if it belongs to none, and its record."""
    for message in messages:
        name, envelope, told = _opened(message, senders, around)
        inner = (access.request(told) if _is_access(name, senders) else None) or text.unwrapped(told)
        yield (
            name,
            _dated(
                completed(completed(inner, envelope), {"timestamp": message.at}),
                message.at,
                _zone_of(name, senders) or around.zone,
            ),
        )


def _opened(message: SyslogMessage, senders: Senders, around: Surroundings) -> tuple[str | None, Record, str]:
    """Return the sender of *message*, its header and what it says, by that sender's zone and encoding."""
    # A counted message may end with a newline, too: rsyslog's do.
    content = message.content.rstrip(b"\0\r\n")
    envelope, told = syslog.opened(decoded(content), around)
    name = sender_of(message.source, str(envelope.get("host", "")), senders)
    encoding, zone = (senders[name].encoding if name else None), _zone_of(name, senders)
    if encoding or zone:
        here = replace(around, zone=zone or around.zone)
        envelope, told = syslog.opened(decoded(in_utf8(content, encoding)), here)
    return name, envelope, told


def _zone_of(name: str | None, senders: Senders) -> ZoneInfo | None:
    written = senders[name].zone if name else None
    return ZoneInfo(written) if written else None


def _dated(record: Record, arrival: float, zone: tzinfo) -> Record:
    """Return *record* with a plausible time: its own, else that of its *arrival*.

    The clock of a device without a battery starts in January, and the device would never learn that its
    messages are refused.
    """
    own = {name: value for name, value in record.items() if known_of(name) == "at"}
    moments = [moment_of(value, zone) for value in own.values()]
    if all(moment is not None and moment <= arrival + AHEAD.total_seconds() for moment in moments):
        return record
    rest = {name: value for name, value in record.items() if name not in own}
    return {**rest, "timestamp": arrival, "loggedAt": next(iter(own.values()))}


def _is_access(name: str | None, senders: Senders) -> bool:
    return name is not None and senders[name].format == "access"
