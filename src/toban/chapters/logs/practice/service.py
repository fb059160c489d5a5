"""Looks at the logs of applications, and shows the document's rows about their format and levels."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from toban.chapters.logs.practice import report, unwanted
from toban.chapters.logs.practice.report import FormatSample, HeardLogs, UnwantedSighting
from toban.chapters.logs.rules import LogRules
from toban.design.clauses.logs import LogFormat, LogLevel
from toban.design.reader import Design
from toban.engine.evidence import status
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.search_parts import Match, SearchTerm
from toban.engine.telemetry.logs.search import Column, LogSearch, LogTerm, TimeSpan
from toban.engine.telemetry.logs.words import ACCESS, AUDIT
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.message import NOTHING, Message, message_of

_LATELY = timedelta(days=1)
_EVER = timedelta(days=370)
_NEWEST = 10_000
"""Lines whose format is looked at: enough for a share, and few enough to be read every few minutes."""
_EXAMPLES = 3
_MOST_LEVELS = 100
_OF_APPLICATIONS: tuple[LogTerm, ...] = tuple(
    SearchTerm("kind", Match.WHOLE, kind, negated=True) for kind in (ACCESS, AUDIT)
)


def look(telemetry: Telemetry, design: Design, rules: LogRules, file: str, now: datetime) -> None:
    """Show the rows of *design* about format and levels."""
    formats, levels = design.of(LogFormat), design.of(LogLevel)
    if not (formats or levels):
        return
    try:
        telemetry.ensure_schema()
        updates = _looked(LogSearch(telemetry), formats, levels, rules, file, now)
    except StoreUnavailable as away:
        reason = Message("logs.store-not-answering", reason=message_of(away))
        rows = (*formats, *levels)
        updates = [StatusUpdate(row.id, Verdict.NOT_MEASURABLE, NOTHING, reason, now) for row in rows]
    status.show(updates, now, design.digest)


def _looked(
    search: LogSearch,
    formats: Sequence[LogFormat],
    levels: Sequence[LogLevel],
    rules: LogRules,
    file: str,
    now: datetime,
) -> list[StatusUpdate]:
    span = TimeSpan(now - _LATELY, now)
    counts = dict(search.values("level", _OF_APPLICATIONS, span, limit=_MOST_LEVELS))
    ever = bool(counts) or search.count(_OF_APPLICATIONS, TimeSpan(now - _EVER, now)) > 0
    sightings = {
        level: UnwantedSighting(each.seen_at, each.sender)
        for level, each in unwanted.seen(span.start).items()
    }
    updates = list(report.level_statuses(levels, HeardLogs(counts, sightings, ever), rules, file, now))
    for row in formats:
        columns = report.columns_of(row)
        sample = _sample(search, list(columns.values()), span)
        updates.append(report.format_status(row, list(columns), sample, ever=ever, now=now))
    return updates


def _sample(search: LogSearch, columns: Sequence[Column], span: TimeSpan) -> FormatSample:
    presence = search.having(columns, _OF_APPLICATIONS, span, limit=_NEWEST)
    if presence.complete == presence.rows:
        return FormatSample(presence)
    rarest = min(zip(presence.having, columns, strict=True), key=lambda each: each[0])[1]
    without: LogTerm = SearchTerm(rarest, Match.ANY, "", negated=True)
    return FormatSample(presence, search.newest((*_OF_APPLICATIONS, without), span, limit=_EXAMPLES))
