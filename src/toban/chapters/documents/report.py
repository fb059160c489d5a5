"""The status of every row about documents, the tasks that they are owed, and the alerts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.documents.judging import (
    DocumentFound,
    PlaceFound,
    Unfollowed,
    judge,
    judge_rule,
    local,
)
from toban.chapters.documents.owing import settle
from toban.chapters.documents.plan import DocumentsPlan
from toban.chapters.documents.states import DocumentState, states
from toban.design.clauses.base import Clause
from toban.design.clauses.documents import ManagedDocument
from toban.engine.calendar.due import due_times
from toban.engine.editions.edition import Edition
from toban.engine.notify.signal import Signal
from toban.engine.rows.judgement import Judgement
from toban.engine.rows.report import JudgedRow, RowAlerts, condition_of, report
from toban.engine.runs.models import Run
from toban.engine.tasks.telling import tell as tell_of_tasks
from toban.message import Message

_ALERTS = RowAlerts(
    item="documents",
    limit=Message("documents.as-the-row-orders"),
    advice=Message("documents.look-at-the-page"),
)
_LONG_AGO = timedelta(days=800)
"""What is renewed once in a year was due twice within this time."""


def tell(plan: DocumentsPlan, edition: Edition, now: datetime) -> None:
    """Open and end the tasks, show the status of every row, and report what is wrong."""
    found = states(plan)
    settle(plan, found, now)
    judged = list(judged_rows(plan, found, now))
    report(judged, (_signal(row, each, now) for row, each in judged), now, edition.design.digest)
    tell_of_tasks((), plan.tasks.values(), edition, now)


def judged_rows(plan: DocumentsPlan, found: Sequence[DocumentState], now: datetime) -> Iterator[JudgedRow]:
    """Yield what is found about each row of *plan*."""
    done = Run.objects.filter(work__in=list(plan.tasks), state=Run.State.DONE)
    followed = frozenset(done.values_list("work", flat=True).distinct())
    known = {
        each.document.row.id: _found(
            each, plan, now, has_followed=each.document.key in followed or each.document.is_written
        )
        for each in found
    }
    for each in plan.documents:
        yield each.row, judge(known[each.row.id], plan.keeping.every, now)
    following = [known[each.row.id] for each in plan.following]
    if following:
        judged = judge_rule(following, plan.unbound, plan.keeping.every, now)
        yield from ((rule, judged) for rule in plan.rules)


def _found(state: DocumentState, plan: DocumentsPlan, now: datetime, *, has_followed: bool) -> DocumentFound:
    zone, here = plan.system.zone, state.here
    return DocumentFound(
        name=state.document.row.name,
        places=[
            PlaceFound(each.place, each.looked_at.astimezone(zone), each.trouble, each.is_missing)
            for each in state.copies
        ],
        here=here.place if here is not None else "",
        changed_at=local(state.changed_at, zone),
        changed_by=here.changed_by if here is not None else "",
        unfollowed=[
            Unfollowed(
                each.facts.said,
                each.change.at.astimezone(zone),
                plan.until(each.change.at).astimezone(zone),
                each.change.pk,
            )
            for each in state.pending
        ],
        read_at=local(state.reading.read_at, zone) if state.reading is not None else None,
        read_by=state.reading.username if state.reading is not None else "",
        vanished=state.vanished,
        renew_since=None if state.document.is_written else _renew_since(state.document.row, plan, zone, now),
        has_followed=has_followed,
    )


def _renew_since(row: ManagedDocument, plan: DocumentsPlan, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return since when a document that is renewed at times must have been; None if that is not said."""
    if row.update is None or row.follows_changes:
        return None
    each = row.update if row.update.is_timed else replace(row.update, at=time(0))
    due = list(due_times(each, plan.system, now - _LONG_AGO, now))
    return due[-2].astimezone(zone) if len(due) > 1 else None


def _signal(row: Clause, judged: Judgement, now: datetime) -> Signal:
    name = row.name if isinstance(row, ManagedDocument) else row.text
    subject = Message("documents.subject", name=name)
    return _ALERTS.signal(row, judged, now, condition=condition_of(judged), subject=subject)
