"""Access logs of nginx and Apache: combined and common, optional leading host and trailing duration. Pure.

https://httpd.apache.org/docs/current/logs.html#combined
"""

import re
from datetime import datetime
from functools import lru_cache

from toban.chapters.logs.formats import text
from toban.chapters.logs.formats.convert import Record, Surroundings, each_line
from toban.chapters.logs.formats.months import MONTHS

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    r"(?:(\S+) )?(\S+) (\S+) (\S+) \[([^\]]{20,40})\] "
    rf"{_QUOTED} (\d{{3}}) (\d+|-)(?: {_QUOTED} {_QUOTED})?(.*)"
)
_TIME = re.compile(r"(\d\d)/(\w{3})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})")
_SECONDS = re.compile(r"(?:.*\s)?(?:rt=|request_time=)?\"?(\d+\.\d+)\"?")
_MICROSECONDS = re.compile(r"(?:.*\s)?(\d+)")


def ndjson(body: bytes, surroundings: Surroundings) -> bytes:
    """Convert access lines; a line in another format is read as text."""
    return each_line(body, lambda line: record(line, surroundings))


def record(line: str, surroundings: Surroundings) -> Record:
    """Return the fields of an access line, or of the line as text."""
    return request(line) or text.record(line, surroundings)


def request(line: str) -> Record | None:
    """Return the fields of an access line; None for a line in another format."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    host, ip, _, user, written, request, status, size, referer, agent, rest = found.groups()
    at = time_of(written)
    if at is None:
        return None
    method, path = _request(request)
    told: Record = {
        "timestamp": at,
        "message": request,
        "ip": ip,
        "userId": user,
        "method": method,
        "path": path,
        "status": int(status),
        "bytes": int(size) if size != "-" else None,
        "referer": referer,
        "userAgent": agent,
        "host": host,
        **_taken(rest),
    }
    return {name: value for name, value in told.items() if value not in ("", "-", None)}


def _request(written: str) -> tuple[str, str]:
    """Return method and path; both are empty for what a port scanner sent instead of a request."""
    method, _, rest = written.partition(" ")
    path = rest.rpartition(" ")[0] if rest.rpartition(" ")[2].startswith("HTTP/") else rest
    return (method, path) if method.isalpha() and path else ("", "")


def _taken(rest: str) -> Record:
    """Return the duration: nginx's `$request_time` has a decimal point, Apache's `%D` has none."""
    rest = rest.strip()
    if found := _SECONDS.fullmatch(rest):
        return {"request_time": float(found[1])}
    if found := _MICROSECONDS.fullmatch(rest):
        return {"durationMs": int(found[1]) / 1000}
    return {"rest": rest}


@lru_cache(maxsize=1000)
def time_of(written: str) -> str | None:
    found = _TIME.fullmatch(written)
    if found is None or found[2] not in MONTHS:
        return None
    day, month, year, clock, offset = found.groups()
    try:
        return datetime.fromisoformat(f"{year}-{MONTHS[month]:02}-{day}T{clock}{offset}").isoformat()
    except ValueError:
        return None
