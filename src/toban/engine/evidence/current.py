"""The statuses as they are at a moment: the only place that reads them.

A judgement is kept as it was written, and holds for a time that its chapter knows. When nobody has renewed it
by then (the worker stopped), the row is not measurable, whatever it was before.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, DateTimeField, Q, QuerySet

from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.exceptions.standing import by_row
from toban.engine.state.question import NOW, Given, Question
from toban.message import NOTHING, Message

LATE = timedelta(minutes=2)
"""How much later than expected a judgement may come: another worker takes over, or Toban is restarted."""


def as_of(status: ClauseStatus, now: datetime) -> ClauseStatus:
    """Return what *status* says at *now*; a judgement out of date, or of a time to come, says nothing."""
    if status.holds_until is None or _holds(status, now):
        return status
    verdict = Verdict(status.verdict)
    said = Message("evidence.judgement-out-of-date", mark=verdict.mark, value=status.value)
    return ClauseStatus(
        clause_id=status.clause_id,
        verdict=Verdict.NOT_MEASURABLE,
        since=min(status.holds_until, now),
        value=NOTHING,
        reason=said,
        observed_at=status.observed_at,
        next_due=status.next_due,
        holds_until=status.holds_until,
        revision=status.revision,
    )


def _holds(status: ClauseStatus, now: datetime) -> bool:
    # A clock was set back, or this one is behind: then the time of the judgement tells nothing about its age.
    is_ahead = status.observed_at is not None and status.observed_at > now + LATE
    return status.holds_until is not None and now < status.holds_until and not is_ahead


def statuses(now: datetime, clause_ids: Collection[str] | None = None) -> tuple[ClauseStatus, ...]:
    """Return the statuses at *now*: of all rows, or of those with *clause_ids*."""
    found = ClauseStatus.objects.all()
    if clause_ids is not None:
        found = found.filter(clause_id__in=clause_ids)
    return _with_exceptions((as_of(each, now) for each in found), now)


def _with_exceptions(statuses: Iterable[ClauseStatus], now: datetime) -> tuple[ClauseStatus, ...]:
    found = tuple(statuses)
    allowed = by_row(now) if found else {}
    for each in found:
        each.exceptions = allowed.get(each.clause_id, ())
    return found


def status_of(clause_id: str, now: datetime) -> ClauseStatus | None:
    """Return the status of one row at *now*, if it has one."""
    return next(iter(statuses(now, [clause_id])), None)


def as_written(clause_ids: Collection[str]) -> Mapping[str, ClauseStatus]:
    """Return the newest judgements as they were written, by row, for what is said of a time that is over.

    Whether one held then, its `holds_until` says.
    """
    return ClauseStatus.objects.in_bulk(clause_ids)


def latest_revision() -> int:
    """Return the newest revision of any status."""
    newest = ClauseStatus.objects.order_by("-revision").values_list("revision", flat=True).first()
    return newest or 0


def _changed(
    revision: int | Given, since: datetime | Given | None, now: datetime | Given
) -> QuerySet[ClauseStatus]:
    outdated = Q(holds_until__lte=now)
    if since is not None:
        outdated &= Q(holds_until__gt=since)
    return ClauseStatus.objects.filter(Q(revision__gt=revision) | outdated)


def _any_changed() -> QuerySet[ClauseStatus, Any]:
    revision, since = Given("revision", BigIntegerField()), Given("since", DateTimeField())
    return _changed(revision, since, NOW).values_list("pk")[:1]


_ANY_CHANGED = Question(_any_changed)


def changes(revision: int, since: datetime | None, now: datetime) -> tuple[ClauseStatus, ...]:
    """Return what changed after *revision*, and what went out of date since *since* (None: ever), at *now*.

    Going out of date writes nothing: such a row keeps its revision.
    """
    if since is not None and not _ANY_CHANGED.finds(revision=revision, since=since, now=now):
        return ()
    found = _changed(revision, since, now)
    return _with_exceptions((as_of(each, now) for each in found.order_by("revision")), now)
