"""What a shorter retention would delete of the logs that are stored. See `HINDSIGHT`."""

from collections.abc import Iterator
from datetime import datetime

from toban.chapters.logs.keeping.keeper import elsewhere, held_by
from toban.chapters.logs.keeping.report import amount, stretch
from toban.chapters.logs.keeping.retention import first_kept, is_shorter, older
from toban.chapters.logs.rules import kept_as, kinds_of
from toban.design.clauses.logs import LogKind
from toban.design.values.duration import Duration
from toban.engine.hindsight.question import Hindsight, HindsightQuestion
from toban.engine.telemetry.logs.days import LogDays
from toban.engine.telemetry.logs.words import kind_of
from toban.message import Message, listing

_DELETED = "deleted"


def recall(question: HindsightQuestion) -> Iterator[Hindsight]:
    """Yield what is stored that the new retention no longer keeps: it goes once people agree to it."""
    row = question.change.new
    if not isinstance(row, LogKind):
        return
    kind, zone = kind_of(row.name), question.new.bindings.system.zone
    rows = (kinds_of(question.old.design), kinds_of(question.new.design))
    today = question.now.astimezone(zone).date()
    former, first = (first_kept(each[kind].retention if kind in each else None, today, zone) for each in rows)
    if former == first:
        return
    if not is_shorter(first, former):
        yield Hindsight(_DELETED, (Message("hindsight.nothing-deleted"),), {"bytes": 0, "rows": 0})
        return
    stored = LogDays(question.site.telemetry).parts()
    days = older((each for each in stored if kept_as(each.kind, rows[1]) == kind), first)
    others = elsewhere(question.site.ports)
    beside = others[kind](*_no_longer_kept(question, rows[0].get(kind), row)) if kind in others else ()
    freed = sum(each.bytes for each in days) + sum(each.bytes for each in beside)
    hold = held_by(kind)
    values = {"bytes": freed, "rows": sum(each.rows for each in days), "held_by": hold}
    if not days and not beside:
        yield Hindsight(_DELETED, (Message("hindsight.nothing-deleted"),), values)
        return
    lost = listing([amount(days, beside), stretch(days)]) if days else amount(days, beside)
    said = Message("hindsight.held", reason=hold) if hold else Message("hindsight.agreed")
    yield Hindsight(_DELETED, (Message("hindsight.logs-deleted", lost=lost), said), values, is_adverse=True)


def _no_longer_kept(
    question: HindsightQuestion, former: LogKind | None, row: LogKind
) -> tuple[datetime | None, datetime]:
    """Return the time that *former* keeps and *row* does not."""
    start, end = (
        question.now - each.retention.as_timedelta()
        if each is not None and isinstance(each.retention, Duration)
        else None
        for each in (former, row)
    )
    return start, end or question.now


HINDSIGHT = {LogKind: recall}
