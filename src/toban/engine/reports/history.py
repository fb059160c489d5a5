"""The verdicts of a month, from the evidence: of each row the last one, and how often it deviated.

The evidence holds changes of verdicts. A judgement that nobody renewed lapses without an entry: only the next
entry says so, by the verdict that was shown before it. What lies between is not known, and counts as such.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.db.models import Count, Max, Min, QuerySet

from toban.engine.evidence.current import as_written
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.reports.verdicts import NOT_JUDGED, RowHistory
from toban.engine.spans import Span
from toban.message import NOTHING, Message, from_json


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """A verdict as it was recorded."""

    sequence: int
    at: datetime
    verdict: Verdict
    before: Verdict | None
    """What was shown before it; None if nothing was."""
    value: Message = NOTHING
    reason: Message = NOTHING


@dataclass(frozen=True, slots=True)
class EvidenceRange:
    """Entries of the evidence, by their numbers."""

    first: int
    last: int
    count: int


def history(
    before: RecordedVerdict | None,
    changes: Sequence[RecordedVerdict],
    after: RecordedVerdict | None,
    current: ClauseStatus | None,
    cut: datetime,
) -> RowHistory:
    """Return the verdicts of a row until *cut*. Pure.

    *changes* are those of the month in their order; *before* and *after* are its neighbours. *current* is
    the row's status now, and decides if nothing came after.
    """
    known = [*([before] if before is not None else []), *changes]
    if not known:
        return NOT_JUDGED
    last, lapses = known[-1], _lapses(known)
    troubles = sum(_begins(former, each) for former, each in _pairs(before, changes))
    holds = _holds_after(last, after) if after is not None else _holds_now(last, current, cut)
    if not holds:
        return RowHistory(Verdict.NOT_MEASURABLE, None, NOTHING, NOTHING, troubles, lapses + 1)
    return RowHistory(last.verdict, last.at, last.value, last.reason, troubles, lapses)


def _pairs(
    before: RecordedVerdict | None, changes: Sequence[RecordedVerdict]
) -> Iterator[tuple[RecordedVerdict | None, RecordedVerdict]]:
    former = before
    for each in changes:
        yield former, each
        former = each


def _begins(former: RecordedVerdict | None, change: RecordedVerdict) -> bool:
    # From a warning to a deviation it is the same trouble; over a lapse nobody knows, and it counts anew.
    shown = former.verdict if former is not None and change.before == former.verdict else change.before
    return change.verdict in FIRING and shown not in FIRING


def _lapses(known: Sequence[RecordedVerdict]) -> int:
    return sum(then.before != first.verdict for first, then in pairwise(known))


def _holds_after(last: RecordedVerdict, after: RecordedVerdict) -> bool:
    return after.before == last.verdict


def _holds_now(last: RecordedVerdict, current: ClauseStatus | None, cut: datetime) -> bool:
    # Not by `as_of`: the status was renewed after a month that is over, and no entry says that it lapsed.
    if current is None or current.verdict != last.verdict:
        return False
    return current.holds_until is None or cut < current.holds_until


def histories(
    clause_ids: Collection[str], inside: EvidenceRange, span: Span, cut: datetime
) -> Mapping[str, RowHistory]:
    """Return the verdicts of each row until *cut*, from the evidence: *inside* are the entries until then."""
    changes: dict[str, list[RecordedVerdict]] = defaultdict(list)
    for clause_id, change in _read(inside.first, inside.last):
        if span[0] <= change.at < cut:
            changes[clause_id].append(change)
    before = _nearest(Max("sequence"), sequence__lt=inside.first)
    after = _nearest(Min("sequence"), sequence__gt=inside.last)
    current = as_written(clause_ids)
    return {
        each: history(before.get(each), changes[each], after.get(each), current.get(each), cut)
        for each in clause_ids
    }


def entries_in(span: Span) -> EvidenceRange | None:
    """Return the entries that were written in *span*; None if there are none."""
    found = LedgerEntry.objects.filter(at__gte=span[0], at__lt=span[1]).aggregate(
        first=Min("sequence"), last=Max("sequence"), count=Count("sequence")
    )
    return EvidenceRange(found["first"], found["last"], found["count"]) if found["count"] else None


def entries_of_rows(inside: EvidenceRange) -> Mapping[str, EvidenceRange]:
    """Return the entries about each row within *inside*."""
    found = (
        LedgerEntry.objects.filter(sequence__gte=inside.first, sequence__lte=inside.last)
        .exclude(clause_id="")
        .values("clause_id")
        .annotate(first=Min("sequence"), last=Max("sequence"), count=Count("sequence"))
    )
    return {each["clause_id"]: EvidenceRange(each["first"], each["last"], each["count"]) for each in found}


def _verdicts() -> QuerySet[LedgerEntry]:
    # The ends of runs are verdicts, too, but on a run: a row's own say what it showed before.
    return LedgerEntry.objects.filter(kind=LedgerEntry.Kind.VERDICT, content__has_key="before")


def _read(first: int, last: int) -> Iterator[tuple[str, RecordedVerdict]]:
    found = _verdicts().filter(sequence__gte=first, sequence__lte=last).order_by("sequence")
    for entry in found.only("sequence", "at", "clause_id", "content").iterator(chunk_size=2000):
        yield entry.clause_id, _change(entry)


def _nearest(which: Max | Min, **beyond: int) -> Mapping[str, RecordedVerdict]:
    """Return the nearest verdict of each row beyond the month."""
    numbers = _verdicts().filter(**beyond).order_by().values("clause_id").annotate(nearest=which)
    found = LedgerEntry.objects.filter(sequence__in=numbers.values("nearest"))
    return {each.clause_id: _change(each) for each in found}


def _change(entry: LedgerEntry) -> RecordedVerdict:
    content, before = entry.content, entry.content.get("before")
    return RecordedVerdict(
        entry.sequence,
        entry.at,
        Verdict(content["verdict"]),
        Verdict(before) if before is not None else None,
        from_json(content.get("value")),
        from_json(content.get("reason")),
    )
