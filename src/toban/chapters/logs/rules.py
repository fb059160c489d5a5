"""What the document and `[logs]` say about logs: kinds, levels, retention. Pure."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from fnmatch import fnmatchcase

from toban.chapters.logs.bindings import LOGS, LogBinding
from toban.design.clauses.logs import LogKind, LogLevel
from toban.design.reader import Design
from toban.design.values.duration import Duration, Retention
from toban.engine.bindings.model import Bindings
from toban.engine.masks import Masker, masker
from toban.engine.telemetry.logs.words import ACCESS, APPLICATION, ERROR, TRACE, kind_of, level_of

FAILURES = frozenset(("ERROR", "CRITICAL"))


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A rule that assigns lines to a kind by one of their fields."""

    field: str
    value: str
    kind: str

    def fits(self, value: object) -> bool:
        """Say whether a line with this *value* is of that kind."""
        return fnmatchcase(value if isinstance(value, str) else str(value), self.value)


@dataclass(frozen=True, slots=True)
class LogRules:
    """How lines become rows."""

    kinds: Mapping[str, LogKind]
    """A kind's own name → the document's row."""
    dropped: frozenset[str]
    """Levels that production does not write."""
    levels: Mapping[str, str]
    """A sender's word → its level."""
    masker: Masker
    zone: tzinfo
    is_production: bool = True
    """Whether the lines that arrive were written in production."""
    audit_kept: timedelta = LogBinding().audit_kept
    """How long evidence is kept outside if the document gives no length for the audit log."""
    by_field: Sequence[FieldRule] = ()
    """The first that fits applies."""

    def retention(self, kind: str) -> Retention | None:
        """Return how long *kind* is kept; None if the document doesn't say."""
        row = self.kinds.get(self.kept_as(kind))
        return row.retention if row is not None else None

    def kept_as(self, kind: str) -> str:
        """Return the kind whose row sets the retention of *kind*."""
        return kept_as(kind, self.kinds)

    def inferred(self, level: str, status: int) -> str:
        """Return the kind of a line that names none."""
        if status and ACCESS in self.kinds:
            return ACCESS
        # Without a separate error log, errors belong to the application log.
        return ERROR if level in FAILURES and ERROR in self.kinds else APPLICATION


def rules(design: Design, bindings: Bindings) -> LogRules:
    """Return the rules of an edition."""
    written = LOGS.of(bindings)
    dropped = {
        level_of(level.name, written.levels)
        for level in design.of(LogLevel)
        if level.in_production is False and written.production
    }
    return LogRules(
        kinds=kinds_of(design),
        dropped=frozenset(dropped),
        levels=written.levels,
        masker=masker(written),
        zone=bindings.system.zone,
        is_production=written.production,
        audit_kept=written.audit_kept,
        by_field=[FieldRule(each.field, each.value, kind_of(each.log)) for each in written.kinds],
    )


def kinds_of(design: Design) -> Mapping[str, LogKind]:
    """Return the document's row of each kind of log."""
    return {kind_of(row.name): row for row in _shortest_first(design.of(LogKind))}


def kept_as(kind: str, rows: Container[str]) -> str:
    """Return the kind whose row sets the retention of *kind*; traces without a row use the application's."""
    return APPLICATION if kind == TRACE and kind not in rows else kind


def _shortest_first(rows: Sequence[LogKind]) -> Sequence[LogKind]:
    """Sort so that the longer of two rows of one kind wins: nothing that one of them keeps is deleted."""
    return sorted(rows, key=_length)


def _length(row: LogKind) -> float:
    if isinstance(row.retention, Duration):
        return row.retention.as_timedelta().total_seconds()
    return float("inf")
