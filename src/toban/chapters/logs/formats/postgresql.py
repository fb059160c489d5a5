"""PostgreSQL's log: stderr, csvlog and jsonlog, each entry with its DETAIL, CONTEXT and STATEMENT. Pure.

An entry has the names of jsonlog, whichever it is from:
https://www.postgresql.org/docs/current/runtime-config-logging.html
"""

import csv
import re
from collections.abc import Sequence
from datetime import tzinfo

from toban.chapters.logs.formats import text
from toban.chapters.logs.formats.convert import LONGEST_TEXT, Record, Surroundings, decoded, dumped
from toban.chapters.logs.intake.limits import LONGEST_LINE

_PARTS = {
    "DETAIL": "detail",
    "HINT": "hint",
    "QUERY": "internal_query",
    "CONTEXT": "context",
    "LOCATION": "location",
    "BACKTRACE": "backtrace",
    "STATEMENT": "statement",
}
"""What follows an entry on lines of its own, and where it goes."""
_LINE = re.compile(
    r"(?P<prefix>.{0,300}?)(?<![A-Z])"
    rf"(?P<word>DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|{'|'.join(_PARTS)}):  (?P<text>.*)",
    re.DOTALL,
)
_PROCESS = re.compile(r"\[(\d+)(?:-\d+)?\]")
_SESSION = re.compile(r"([^\s:@\[\]]+)@([^\s:@\[\]]+)")
_DURATION = re.compile(r"duration: (\d+\.\d+) ms")

_CSV = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^,\"]*,")
_COLUMNS = (
    *("timestamp", "user", "dbname", "pid", "remote_host", "session_id", "line_num", "ps", "session_start"),
    *("vxid", "txid", "error_severity", "state_code", "message", "detail", "hint", "internal_query"),
    *("internal_position", "context", "statement", "cursor_position", "location", "application_name"),
    *("backend_type", "leader_pid", "query_id"),
)
_FEWEST = 23
"""Columns of csvlog, up to PostgreSQL 12; later versions have added to them."""


def ndjson(body: bytes, surroundings: Surroundings) -> bytes:
    """Convert the lines of a log; an entry stands in the place of its first line."""
    rows = _rows(list(map(decoded, body.split(b"\n"))), surroundings.zone)
    return b"\n".join(dumped(row) if row else b"" for row in rows)


def record(line: str, surroundings: Surroundings) -> Record:
    """Return the record of one entry, which may have several lines."""
    rows = [row for row in _rows(line.split("\n"), surroundings.zone) if row]
    return rows[0] if len(rows) == 1 else text.record(line, surroundings)


def _rows(lines: Sequence[str], zone: tzinfo) -> Sequence[Record]:
    gathered = _Entries(zone)
    place = 0
    while place < len(lines):
        place += gathered.take_csv(lines, place) or gathered.take(lines[place])
    return gathered.rows


class _Entries:
    """The entries of a log so far, one place for each line."""

    def __init__(self, zone: tzinfo) -> None:
        self.rows: list[Record] = []
        self._zone = zone
        self._by_process: dict[str, Record] = {}
        self._last: Record = {}
        self._part = "message"

    def take_csv(self, lines: Sequence[str], place: int) -> int:
        """Take the entry of csvlog that begins at *place*; return its number of lines, 0 if there is none."""
        if not _CSV.match(lines[place]):
            return 0
        end = _end_of_csv(lines, place)
        told = dict(zip(_COLUMNS, _columns("\n".join(lines[place:end])), strict=False))
        if not told:
            return 0
        entry = _timed({name: value for name, value in told.items() if value})
        self.rows += [entry, *[{}] * (end - place - 1)]
        self._last = {}
        return end - place

    def take(self, line: str) -> int:
        """Take one line of stderr or jsonlog."""
        if line.startswith("\t") and self._part in self._last and self._continues(line[1:]):
            self.rows.append({})
        elif found := _LINE.match(line) if not line.startswith("{") else None:
            self.rows.append(self._entry(found))
        else:
            self._last = {}
            self.rows.append(_timed(self._plain(line)) if line else {})
        return 1

    def _plain(self, line: str) -> Record:
        found = text.unwrapped(line)
        if found.keys() == {"message"} and (moment := text.time_in(line, self._zone)):
            found["timestamp"] = moment.isoformat()
        return found

    def _continues(self, line: str) -> bool:
        before = str(self._last[self._part])
        if len(before) + len(line) > LONGEST_TEXT:
            return False
        self._last[self._part] = f"{before}\n{line}"
        return True

    def _entry(self, found: re.Match[str]) -> Record:
        """Return the entry that begins with a line; empty if the line belongs to the entry before."""
        prefix, word, told = found["prefix"], found["word"], found["text"]
        process = _PROCESS.search(prefix)
        pid = process[1] if process else ""
        part = _PARTS.get(word, "message")
        owner = self._by_process.get(pid) if part != "message" else None
        if owner is not None and part not in owner:
            self._last, self._part = owner, part
            owner[part] = told
            return {}
        moment = text.time_in(prefix, self._zone)
        session = _SESSION.search(prefix)
        entry: Record = {
            "timestamp": moment.isoformat() if moment else None,
            "error_severity": "LOG" if word in _PARTS else word,
            "pid": pid,
            "user": session[1] if session else "",
            "dbname": session[2] if session else "",
            "message": f"{word}:  {told}" if word in _PARTS else told,
        }
        self._last, self._part = {name: value for name, value in entry.items() if value}, "message"
        self._by_process[pid] = self._last
        return _timed(self._last)


def _timed(entry: Record) -> Record:
    """Return *entry*, and how long its statement took if it says so."""
    if took := _DURATION.match(str(entry.get("message", ""))):
        entry["durationMs"] = float(took[1])
    return entry


def _end_of_csv(lines: Sequence[str], place: int) -> int:
    """Return the position after the last line of the entry at *place*; its end may be in a later batch."""
    quotes = length = 0
    for end in range(place, len(lines)):
        quotes += lines[end].count('"')
        length += len(lines[end])
        if quotes % 2 == 0:
            return end + 1
        if length > LONGEST_LINE:
            break
    return place + 1


def _columns(written: str) -> Sequence[str]:
    """Return the columns of an entry; none if it is not one."""
    try:
        found = next(csv.reader([written]), [])
    except csv.Error:
        return ()
    return found if len(found) >= _FEWEST else ()
