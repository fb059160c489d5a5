"""Syslog messages: RFC 5424, and messages that claim to be RFC 3164. Pure."""

import re
from datetime import datetime, tzinfo

from toban.chapters.logs.formats import text
from toban.chapters.logs.formats.convert import Record, Surroundings, completed, each_line
from toban.chapters.logs.formats.months import MONTHS
from toban.chapters.logs.formats.severity import SEVERITIES

_FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock"),
    *(f"local{number}" for number in range(8)),
)
_PRIORITY = re.compile(r"<(\d{1,3})>")
_MOST_PRIORITY = 191
_HEADER = re.compile(r"1 (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) ")
_NIL = "-"
_BOM = "\ufeff"
_ELEMENT = re.compile(r"\[([^\s=\]\"]{1,32})((?: [^\s=\]\"]{1,32}=\"(?:[^\"\\\]]|\\.)*\")*)\]")
_PARAMETER = re.compile(r" ([^\s=\]\"]{1,32})=\"((?:[^\"\\\]]|\\.)*)\"")
_ESCAPED = re.compile(r"\\([\"\\\]])")

_OLD_TIME = re.compile(r"(\w{3}) +(\d{1,2}) (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)(?:\.\d+)?:? ")
_NEW_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ")
_HOST = re.compile(r"([^\s:\[\]]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+) (?=\S)")
_TAG = re.compile(r"([\w./@-]{1,48})(?:\[([^\]\s]{1,48})\])?: ?")


def ndjson(body: bytes, surroundings: Surroundings) -> bytes:
    """Convert lines of a syslog file; only messages sent over the network have a priority."""
    return each_line(body, lambda line: record(line, surroundings))


def record(message: str, surroundings: Surroundings) -> Record:
    """Return the record of a message; no error in it makes the rest unreadable."""
    envelope, told = opened(message, surroundings)
    return completed(text.unwrapped(told), envelope)


def opened(message: str, surroundings: Surroundings) -> tuple[Record, str]:
    """Return the header fields of a message, and the message itself."""
    envelope: Record = {}
    if (found := _PRIORITY.match(message)) and int(found[1]) <= _MOST_PRIORITY:
        facility, severity = divmod(int(found[1]), 8)
        envelope = {"level": SEVERITIES[str(severity)], "facility": _FACILITIES[facility]}
        message = message[found.end() :]
    header = _HEADER.match(message)
    more, told = _modern(message, header) if header else _traditional(message, surroundings)
    envelope |= more
    if "level" not in envelope:
        envelope["level"] = text.level_in(told)
    return envelope, told


def _modern(message: str, header: re.Match[str]) -> tuple[Record, str]:
    """Read the part of an RFC 5424 message after the priority."""
    at, host, app, process, kind = ("" if each == _NIL else each for each in header.groups())
    structured, rest = _structured(message[header.end() :])
    told: Record = {
        "timestamp": at,
        "host": host,
        "service": app,
        "pid": process,
        "msgid": kind,
        "sd": structured or None,
    }
    return told, rest.removeprefix(_BOM)


def _structured(rest: str) -> tuple[Record, str]:
    """Return the structured data, and the message after it; anything invalid belongs to the message."""
    if rest.startswith(_NIL):
        return {}, rest[1:].removeprefix(" ")
    elements: Record = {}
    while found := _ELEMENT.match(rest):
        elements[found[1]] = {
            name: _ESCAPED.sub(r"\1", value) for name, value in _PARAMETER.findall(found[2])
        }
        rest = rest[found.end() :]
    return elements, rest.removeprefix(" ")


def _traditional(message: str, surroundings: Surroundings) -> tuple[Record, str]:
    """Read what RFC 3164 describes; senders may leave out any part of it."""
    told: Record = {}
    if found := _NEW_TIME.match(message):
        told["timestamp"] = found[1]
    elif (found := _OLD_TIME.match(message)) and (at := _old_time(found, surroundings)):
        told["timestamp"] = at
    else:
        found = None
    if found:
        message = message[found.end() :]
        if host := _HOST.match(message):
            told["host"] = host[1]
            message = message[host.end() :]
    if tag := _TAG.match(message):
        told |= {"service": tag[1], "pid": tag[2]}
        message = message[tag.end() :]
    return told, message


def _old_time(found: re.Match[str], surroundings: Surroundings) -> str:
    """Return a time without a zone, and usually without a year: the candidate nearest to now."""
    month, day, year, *clock = found.groups()
    if month not in MONTHS:
        return ""
    here = surroundings.now.astimezone(surroundings.zone)
    years = (int(year),) if year else (here.year - 1, here.year, here.year + 1)
    moments = [
        moment
        for each in years
        if (moment := _moment(each, MONTHS[month], int(day), *map(int, clock), zone=surroundings.zone))
    ]
    return min(moments, key=lambda each: abs(each - here)).isoformat() if moments else ""


def _moment(
    year: int, month: int, day: int, hour: int, minute: int, second: int, *, zone: tzinfo
) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        # 29 February in a neighbouring year.
        return None
