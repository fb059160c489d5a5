"""Which rows of the document are about error tracking. Pure."""

import re
from datetime import timedelta

from toban.design.clauses.logs import LogKind
from toban.design.clauses.monitoring import ToolChoice
from toban.design.clauses.routine import Routine
from toban.design.reader import Design
from toban.design.values.duration import Duration
from toban.design.values.tool_purpose import ToolPurpose
from toban.engine.telemetry.logs.words import ERROR, kind_of

USUALLY_KEPT = timedelta(days=90)
"""How long events are kept if the document has no row for error logs."""

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


def kept(design: Design) -> timedelta | None:
    """Return how long events are kept, following the document's error log; None for ever."""
    rows = [each.retention for each in design.of(LogKind) if kind_of(each.name) == ERROR]
    written = [each for each in rows if each is not None]
    lengths = [each.as_timedelta() for each in written if isinstance(each, Duration)]
    # With several rows, the longest retention applies.
    return max(lengths, default=USUALLY_KEPT) if len(lengths) == len(written) else None
