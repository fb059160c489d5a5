"""Which rows of the document are about error tracking. Pure."""

import re
from datetime import timedelta

from toban.design.clauses.logs import LogKind
from toban.design.clauses.monitoring import ToolChoice
from toban.design.clauses.routine import Routine
from toban.design.reader import Design
from toban.design.values.duration import Duration, Retention
from toban.design.values.tool_purpose import ToolPurpose
from toban.engine.telemetry.logs.words import ERROR, kind_of

_REVIEW = re.compile(
    r"(?:エラー|例外).*(?:分析|傾向|レビュー|棚卸|確認)|(?:error|exception).*(?:review|analysis|trend)",
    re.IGNORECASE,
)


def tracking(design: Design) -> ToolChoice | None:
    """Return the first row that says how errors are collected (例外の収集: Sentry)."""
    return next(iter(trackings(design)), None)


def trackings(design: Design) -> list[ToolChoice]:
    """Return the rows that say how errors are collected."""
    return [each for each in design.of(ToolChoice) if is_tracking(each)]


def is_tracking(row: ToolChoice) -> bool:
    """Say whether *row* names a tool that collects errors."""
    return row.about is ToolPurpose.ERRORS


def reviews(design: Design) -> list[Routine]:
    """Return the recurring work that reviews errors (エラーログ分析)."""
    return [each for each in design.of(Routine) if _REVIEW.search(each.name)]


def is_retention_assumed(design: Design) -> bool:
    """Return whether the document does not say how long error logs are kept."""
    return not _written(design)


def _written(design: Design) -> list[Retention]:
    rows = (each.retention for each in design.of(LogKind) if kind_of(each.name) == ERROR)
    return [each for each in rows if each is not None]


def kept(design: Design, usual: timedelta) -> timedelta | None:
    """Return how long events are kept, following the document's error log, else *usual*; None for ever."""
    written = _written(design)
    lengths = [each.as_timedelta() for each in written if isinstance(each, Duration)]
    # With several rows, the longest retention applies.
    return max(lengths, default=usual) if len(lengths) == len(written) else None
