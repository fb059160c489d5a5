"""The document's rows about the format and the levels of logs, compared with the logs that arrive. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from toban.chapters.logs.intake.shapes import known_of
from toban.chapters.logs.rules import LogRules
from toban.design.clauses.logs import LogFormat, LogLevel
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.telemetry.logs.search import Column, FieldPresence, FoundRow, is_own_field
from toban.engine.telemetry.logs.words import level_of
from toban.message import NOTHING, Message, lines, plain

_ALWAYS_THERE = frozenset(("at", "level", "kind", "service", "status", "milliseconds", "seconds"))
"""The intake fills these in, or keeps only their number: a stored line does not tell whether it was sent."""
_MOSTLY = 0.95
"""Below this share, the format is not kept; above it, a few lines are astray."""
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class UnwantedSighting:
    """When a level was last seen that production should not write, and who wrote it."""

    at: datetime
    sender: str


@dataclass(frozen=True, slots=True)
class HeardLogs:
    """What was heard lately of the logs of applications; access and audit logs are left out."""

    levels: Mapping[str, int] = field(default_factory=dict)
    """Level → number of lines."""
    unwanted: Mapping[str, UnwantedSighting] = field(default_factory=dict)
    ever: bool = False
    """Whether any line has ever arrived."""


@dataclass(frozen=True, slots=True)
class FormatSample:
    """The newest lines, and how many of them have the fields of the document's format."""

    presence: FieldPresence
    astray: Sequence[FoundRow] = ()
    """Some lines without the field that is missing most often."""


def level_statuses(
    rows: Sequence[LogLevel], heard: HeardLogs, rules: LogRules, file: str, now: datetime
) -> Iterator[StatusUpdate]:
    """Yield the status of each row that says whether production writes a level."""
    for row in rows:
        yield _level(row, level_of(row.name, rules.levels), heard, rules, file, now)


def _level(
    row: LogLevel, level: str, heard: HeardLogs, rules: LogRules, file: str, now: datetime
) -> StatusUpdate:
    if row.in_production is None:
        return StatusUpdate(row.id, Verdict.DECLARED, NOTHING, Message("logs.level-not-decided"), now)
    if not rules.is_production:
        return StatusUpdate(row.id, Verdict.DECLARED, NOTHING, Message("logs.not-production", file=file), now)
    unwanted = heard.unwanted.get(level)
    if row.in_production is False and unwanted is not None:
        at = unwanted.at.astimezone(rules.zone)
        reason = Message("logs.level-is-unwanted", level=level, sender=unwanted.sender)
        return StatusUpdate(row.id, Verdict.DEVIATING, Message("logs.level-seen", at=at), reason, now)
    if not heard.levels:
        verdict, reason = nothing_heard(ever=heard.ever)
        return StatusUpdate(row.id, verdict, NOTHING, reason, now)
    count = heard.levels.get(level, 0)
    if row.in_production is False:
        return StatusUpdate(row.id, Verdict.CONFORMING, NOTHING, Message("logs.level-is-absent"), now)
    if not count:
        return StatusUpdate(row.id, Verdict.NOT_DUE, NOTHING, Message("logs.level-not-heard"), now)
    value, reason = Message("logs.rows", count=count), Message("logs.level-is-written")
    return StatusUpdate(row.id, Verdict.CONFORMING, value, reason, now)


def nothing_heard(*, ever: bool) -> tuple[Verdict, Message]:
    """Return verdict and reason while no line of an application arrives."""
    if ever:
        return Verdict.NOT_MEASURABLE, Message("logs.nothing-lately")
    return Verdict.UNBOUND, Message("logs.no-logs-yet")


def columns_of(row: LogFormat) -> Mapping[str, Column]:
    """Return where the fields of the format are stored; those that a stored line can't tell are left out."""
    found: dict[str, Column] = {}
    for name in row.fields:
        known, path = known_of(name), tuple(name.split("."))
        if known in _ALWAYS_THERE:
            continue
        if known is None or known == "path":
            if is_own_field(path):
                found[name] = path
        else:
            found[name] = known
    return found


def format_status(
    row: LogFormat, names: Sequence[str], sample: FormatSample, *, ever: bool, now: datetime
) -> StatusUpdate:
    """Return the status of the row with the format, whose fields *names* were looked for."""
    if not names:
        return StatusUpdate(row.id, Verdict.DECLARED, NOTHING, Message("logs.format-without-fields"), now)
    seen = sample.presence
    if not seen.rows:
        verdict, reason = nothing_heard(ever=ever)
        return StatusUpdate(row.id, verdict, NOTHING, reason, now)
    share = seen.complete / seen.rows
    verdict = Verdict.CONFORMING if seen.complete == seen.rows else Verdict.WARNING
    if share < _MOSTLY:
        verdict = Verdict.DEVIATING
    value = Message("logs.format-share", percent=share * 100)
    return StatusUpdate(row.id, verdict, value, _format_reason(names, sample), now, proof=_proof(names, seen))


def _format_reason(names: Sequence[str], sample: FormatSample) -> Message:
    seen = sample.presence
    parts = [Message("logs.format-looked-at", rows=seen.rows, fields=names)]
    missing = [
        Message("logs.field-missing", field=name, rows=seen.rows - having)
        for name, having in zip(names, seen.having, strict=True)
        if having < seen.rows
    ]
    if missing:
        parts.append(Message("logs.fields-missing", fields=missing))
    parts += [_example(each) for each in sample.astray]
    return lines(*parts)


def _example(row: FoundRow) -> Message:
    text = row.message if len(row.message) <= _LONGEST else f"{row.message[: _LONGEST - 1]}…"
    return Message("logs.line-astray", level=row.level, service=row.service, line=plain(text))


def _proof(names: Sequence[str], seen: FieldPresence) -> dict[str, object]:
    return {
        "rows": seen.rows,
        "complete": seen.complete,
        "having": dict(zip(names, seen.having, strict=True)),
    }
