"""What a row of the document counts: which log rows, and over what time. Pure."""

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import timedelta

from toban.chapters.monitoring.limits import MonitorLimits
from toban.design.clauses.monitoring import Monitor
from toban.design.section import normalise
from toban.engine.search_parts import BadSearch, quoted, term
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.words import ERROR, kind_of, known_level

_TEXT = re.compile(
    r"[「『\"'`](?P<said>[^「」『』\"'`]+)[」』\"'`].*|(?P<held>.+?) ?(?:を|が)?(?:含む|含まれる).*"
)
_ROWS = re.compile(
    r" ?(?:レベル)?の? ?(?:ログ|logs?)?の?(?:件数|行数|発生数|出力数|出力件数|数|count|lines|rows)?が?$"
)
_STATUS = re.compile(r"(?P<hundreds>[1-5])xx ?(?:エラー|errors?)?")
_KINDS = re.compile(r"アクセス|監査|アプリ(?:ケーション)?|エラー|access|audit|app(?:lication)?")


@dataclass(frozen=True, slots=True)
class Counting:
    """What one row counts, as far as the row says."""

    item: str
    """The row's own name for it."""
    search: str | None
    """In the search syntax of `toban logs`; None if the row's words name no log rows."""
    window: timedelta | None
    """The time over which it counts; None if the row doesn't say."""


def counting_of(monitor: Monitor, limits: MonitorLimits, kinds: Container[str]) -> Counting:
    """Return what *monitor* counts; *kinds* are the kinds of log that the document has."""
    said = [each.subject for each in (monitor.critical, monitor.warning) if each is not None and each.subject]
    found = [search_of(words, kinds) for words in (*said, monitor.item)]
    return Counting(monitor.item, next((each for each in found if each is not None), None), limits.window)


def search_of(words: str, kinds: Container[str]) -> str | None:
    """Return the search for *words* of a document; None if they name no log rows.

    ERROR, FATALログ, エラーログ件数, アクセスログ, 5xx, 「card declined」を含むログ, level:error. An error
    log is a kind if the document has that kind, otherwise a level: errors are then in the application log.
    """
    plain = normalise(words)
    if text := _TEXT.fullmatch(plain.removeprefix("ログ")):
        return quoted(text["said"] or text["held"])
    if ":" in plain:
        return _as_search(plain)
    bare = _ROWS.sub("", plain)
    if level := known_level(bare, {}):
        return term("level", level)
    if status := _STATUS.fullmatch(bare):
        first = int(status["hundreds"]) * 100
        return f"status:>={first} status:<{first + 100}"
    if _KINDS.fullmatch(bare):
        kind = kind_of(bare)
        return term("level", "ERROR") if kind == ERROR and ERROR not in kinds else term("kind", kind)
    return "" if not bare else None


def _as_search(plain: str) -> str | None:
    try:
        return read_search(plain).written
    except BadSearch:
        return None
