"""Lines of plain text: a time at the start and a level word are recognised. Pure."""

import re
from datetime import datetime, timedelta, timezone, tzinfo

import orjson

from toban.chapters.logs.formats.convert import LONGEST_TEXT, Record, Surroundings, decoded, dumped
from toban.chapters.logs.formats.months import MONTHS
from toban.chapters.logs.intake.shapes import lifted

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CEE = "@cee:"
"""Written by rsyslog and others before JSON in a message: http://cee.mitre.org/language/1.0-beta1/clt.html"""

_HOURS = {
    "Z": 0,
    "UTC": 0,
    "GMT": 0,
    "JST": 9,
    "KST": 9,
    "CET": 1,
    "CEST": 2,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
"""Zones by the abbreviations that PostgreSQL and others write, in hours; the sender's own zone goes first."""
_BEFORE = r"(?:[A-Z], )?\[?"
"""What may precede a time: brackets, and the letter of the level from Ruby's logger."""
_ISO = re.compile(
    rf"{_BEFORE}(\d{{4}})[-/](\d\d)[-/](\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{{1,9}}))?"
    rf" ?((?:{'|'.join(_HOURS)})\b|[+-]\d\d(?::?\d\d)?\b)?"
)
_CTIME = re.compile(r"\[?\w{3} (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d)(?:\.(\d{1,9}))? (\d{4})\b")
_NAMED_TIME = re.compile(r"(?:^|\s)(?:time|ts|timestamp)=\"?(?=\d{4}-\d\d-)")
"""Before a time in logfmt, which slog, logrus and others write."""
_TRACEBACK = "Traceback (most recent call last):"
_WITHIN_TRACE = re.compile(
    r"Caused by: |Suppressed: |\.\.\. \d+ (?:more|common frames omitted)"
    r"|During handling of the above exception|The above exception was the direct cause|goroutine \d+ \["
)
"""What stands in a stack trace without being indented, in Java, Python and Go."""
_CHAINED = re.compile(r"another exception occurred:\s*$|direct cause of the following exception:\s*$")
_CALL_IN_GO = re.compile(r"[\w.*/()-]+\(.*\)$|created by |exit status \d")
_PEM_BEGINS, _PEM_ENDS = "-----BEGIN ", "-----END "
"""Between them, lines are no messages of their own: a private key is masked as a whole."""
_FLAT = 200
"""With no more brackets, an object is not nested too deep to be written again (254 levels)."""
_LEVEL_WITHIN = 160
"""Characters in which a level word is searched: further on, it is part of the message."""
_LEVEL = re.compile(
    r"""\blevel["']?\s*[=:]\s*["']?(?P<named>[A-Za-z]+)
    |\[(?:\w+:|[\d:.]+\ )?(?P<boxed>(?i:
        trace|debug|info|notice|warn|warning|error|crit|critical|alert|emerg|fatal|vrb|dbg|inf|wrn|err|ftl))\s*\]
    |^(?P<first>trce|dbug|info|warn|fail|crit):\ (?=\S+\[\d+\])
    |(?<!\w)(?P<word>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE|PANIC)(?!\w)""",
    re.VERBOSE,
)


def ndjson(body: bytes, surroundings: Surroundings) -> bytes:
    """Convert lines of text; a line that is a JSON object is taken as it is.

    A continuation of the line before, as in stack traces, is appended to it and leaves its own place empty.
    """
    rows: list[Record] = []
    lines = Continued()
    for line in map(decoded, body.split(b"\n")):
        found = record(line, surroundings) if line else {}
        rows.append(lines.row(line, found, found) if found else {})
    return b"\n".join(dumped(row) if row else b"" for row in rows)


class Continued:
    """The lines of one writer in order: those that continue the line before become a part of its row."""

    def __init__(self) -> None:
        self._told: Record = {}
        self._row: Record = {}

    def row(self, line: str, told: Record, row: Record) -> Record:
        """Return the *row* of a *line*; empty if it continues the one before. *told* is the line's record."""
        if self._goes_on(line, told):
            self._row["message"] = f"{self._row['message']}\n{told['message']}"
            return {}
        self._told, self._row = (told, row) if is_text(told, line) else ({}, {})
        return row

    def _goes_on(self, line: str, told: Record) -> bool:
        """Say whether *line*, with neither time nor level of its own, continues the row before it."""
        if not self._row or len(told) > 1 or not is_text(told, line):
            return False
        before = str(self._row["message"])
        is_behind = "timestamp" in self._told or not line or line[0].isspace()
        is_behind = is_behind or _is_of_trace(before, line) or _is_within_pem(before)
        return is_behind and len(before) + len(line) < LONGEST_TEXT


def _is_of_trace(before: str, line: str) -> bool:
    """Say whether *line*, which is not indented, belongs to the stack trace at the end of *before*."""
    if _WITHIN_TRACE.match(line):
        return "\n" in before
    if line == _TRACEBACK:
        return _CHAINED.search(before) is not None
    if "\ngoroutine " in before and _CALL_IN_GO.match(line):
        return True
    # Python's exception stands behind its calls.
    last = before.rpartition("\n")[2]
    return last.startswith("  ") and _TRACEBACK in before


def _is_within_pem(before: str) -> bool:
    return _PEM_BEGINS in before.rpartition(_PEM_ENDS)[2]


def is_text(told: Record, line: str) -> bool:
    """Say whether *told*, the record of *line*, is that of a line of text."""
    return told.get("message") == _COLOURS.sub("", line)


def record(line: str, surroundings: Surroundings) -> Record:
    """Return the record of a line by itself."""
    found = unwrapped(line)
    if "message" in found and len(found) == 1:
        moment = time_in(line, surroundings.zone)
        if moment is not None:
            found["timestamp"] = moment.isoformat()
        if level := level_in(line):
            found["level"] = level
    return found


def unwrapped(line: str) -> Record:
    """Return the JSON object in *line*, or otherwise *line* as a message, without colours."""
    inner = line.removeprefix(_CEE).strip()
    if inner.startswith("{") and inner.endswith("}"):
        found = _object(inner)
        if found is not None:
            return lifted(found)
    return {"message": _COLOURS.sub("", line)}


def _object(written: str) -> Record | None:
    """Return an object of JSON; None for what is none, or is nested so deep that it can only be read."""
    try:
        found = orjson.loads(written)
        if written.count("{") + written.count("[") > _FLAT:
            orjson.dumps([found])
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return found if isinstance(found, dict) else None


def level_in(line: str) -> str:
    """Return the level stated in *line*; empty if there is none."""
    found = _LEVEL.search(_COLOURS.sub("", line[:_LEVEL_WITHIN]))
    return next(filter(None, found.groups()), "") if found else ""


def time_in(line: str, zone: tzinfo) -> datetime | None:
    """Return the time at the start of *line*; without an offset, it is in *zone*."""
    line = _COLOURS.sub("", line[:_LEVEL_WITHIN]).lstrip()
    if named := _NAMED_TIME.search(line):
        line = line[named.end() :]
    if found := _ISO.match(line):
        year, month, day, clock, fraction, offset = found.groups()
    elif (found := _CTIME.match(line)) and found[1] in MONTHS:
        name, day, clock, fraction, year = found.groups()
        month, offset = f"{MONTHS[name]:02}", None
    else:
        return None
    written = f"{year}-{month}-{day:0>2}T{clock}.{fraction or 0:0<6}"
    try:
        return _placed(written, offset or "", zone)
    except ValueError:
        return None


def _placed(written: str, offset: str, zone: tzinfo) -> datetime:
    if offset.startswith(("+", "-")):
        return datetime.fromisoformat(written + offset)
    moment = datetime.fromisoformat(written)
    here = moment.replace(tzinfo=zone)
    if not offset or offset == here.tzname():
        return here
    return moment.replace(tzinfo=timezone(timedelta(hours=_HOURS[offset])))
