"""Turns due times into runs, level-triggered: the document and the tables determine what is due."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Min, Q, QuerySet, Subquery

from toban.engine.calendar.due import due_times
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode, mode_now
from toban.engine.runs import parameters, rules
from toban.engine.runs.claiming.claim import waiting
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Work
from toban.engine.state.question import Question
from toban.engine.tasks.rules import window_end
from toban.message import NOTHING, Message

_FORESEEN = timedelta(days=370)
_AGAIN = timedelta(hours=1)
"""How often a schedule without a due time in the foreseen period is checked again."""

_AT_ONCE = 100
"""Number of works planned in one transaction."""

_WRONG = timedelta(days=1)
"""A clock this far ahead of ours was wrong; zones and small adjustments differ by less."""

_MOST_MISSED = 1000
"""Number of missed runs recorded one by one after a long absence; the ledger counts the earlier ones."""

log = structlog.get_logger(__name__)


def plan_due(works: Collection[Work], now: datetime) -> bool:
    """Put *works* in force, and create a run for every due time up to *now* that has none yet.

    Return whether the time of any work had come. Safe to call anywhere, at any time. Each missed due time
    becomes 未実施 in the evidence, in the same transaction. It looks at every work: in between, `make_runs`
    is enough.
    """
    by_key = {work.key: work for work in works}
    marks = PlannedWork.objects.in_bulk(list(by_key))
    begun = [_mark(work, now) for work in works if _begins(work, marks.get(work.key))]
    PlannedWork.objects.bulk_create(
        begun,
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=[*_CHANGING, "clause_id", "rule", "planned_until", "next_due", "in_force"],
    )
    for mark in marks.values():
        told = _changing(by_key[mark.key])
        if any(getattr(mark, name) != value for name, value in told.items()):
            PlannedWork.objects.filter(key=mark.key).update(**told)
        if mark.planned_until - now >= _WRONG:
            _plan_anew(by_key[mark.key], now)
    PlannedWork.objects.filter(in_force=True).exclude(key__in=list(by_key)).update(in_force=False)
    return make_runs(by_key, now)


def make_runs(works: Mapping[str, Work], now: datetime) -> bool:
    """Create the runs that are due according to the tables; only looks at works whose time has come.

    Return whether there were any such works.
    """
    due = [key for key in _to_plan(now).values_list("key", flat=True) if key in works]
    for some in batched(due, _AT_ONCE):
        _plan([works[key] for key in some], now)
    return bool(due)


def first_moment() -> datetime | None:
    """Return the first due time or attempt of a run according to the tables: it may have come already."""
    found = _FIRST_OF_BOTH.first() or _FIRST_ATTEMPT.first() or ()
    return min((each for each in found if each is not None), default=None)


def _attempts() -> QuerySet[Run, Any]:
    return waiting().order_by("wake_at").values_list("wake_at")[:1]


def _due_times() -> QuerySet[PlannedWork]:
    return PlannedWork.objects.filter(in_force=True, next_due__isnull=False).order_by("next_due")


_FIRST_ATTEMPT = Question(_attempts)
_FIRST_OF_BOTH = Question(lambda: _due_times().values_list("next_due", Subquery(_attempts()))[:1])
"""The first due time, and beside it the first attempt; nothing if no work is ever due."""


def next_moment(now: datetime) -> datetime | None:
    """Return the first due time or attempt of a run after *now*, according to the tables."""
    due = PlannedWork.objects.filter(in_force=True, next_due__gt=now).aggregate(first=Min("next_due"))
    waiting = Run.objects.filter(state=Run.State.WAITING, wake_at__gt=now)
    attempt = waiting.aggregate(first=Min("wake_at"))
    return min((each["first"] for each in (due, attempt) if each["first"] is not None), default=None)


def _begins(work: Work, mark: PlannedWork | None) -> bool:
    """Return whether a work is new or has a new rule: then it has no past to catch up on."""
    return mark is None or mark.rule != work.rule or not mark.in_force or mark.clause_id != work.clause_id


def _plan_anew(work: Work, now: datetime) -> None:
    """Undo the plan of a clock that was far ahead: the work would otherwise wait until that time.

    Runs that were done by that clock stay, and are not repeated. Future due times can't have been missed.
    """
    log.warning("clock_was_ahead", work=work.key)
    with transaction.atomic():
        ledger.hold()
        Run.objects.filter(work=work.key, state=Run.State.MISSED, due_at__gt=now).delete()
        PlannedWork.objects.filter(key=work.key).update(planned_until=now, next_due=_next(work, now))


def _mark(work: Work, now: datetime) -> PlannedWork:
    return PlannedWork(
        key=work.key,
        clause_id=work.clause_id,
        rule=work.rule,
        planned_until=now,
        next_due=_next(work, now),
        in_force=True,
        **_changing(work),
    )


_CHANGING = ("timing", "depends_on", "needs_approval", "is_reported", "is_task", "parameters")


def _changing(work: Work) -> dict[str, Any]:
    """Return the fields of a work's mark that may change without starting over."""
    return {
        "timing": work.timing,
        "depends_on": list(work.depends_on),
        "needs_approval": any(step.approval is not None for step in work.steps),
        "is_reported": work.reported is not None,
        "is_task": work.task is not None,
        "parameters": parameters.kept(work.parameters),
    }


def _to_plan(now: datetime) -> QuerySet[PlannedWork]:
    unforeseen = Q(next_due=None, planned_until__lte=now - _AGAIN)
    return PlannedWork.objects.filter(Q(next_due__lte=now) | unforeseen, in_force=True)


def _plan(works: Collection[Work], now: datetime) -> None:
    by_key = {work.key: work for work in works}
    with transaction.atomic():
        # One of several schedulers comes first; the others then find its marks.
        ledger.hold()
        marks = list(_to_plan(now).filter(key__in=by_key))
        runs: list[Run] = []
        records: list[ledger.Record] = []
        for mark in marks:
            work = by_key[mark.key]
            made, missed = _runs_of(work, mark.planned_until, now)
            runs += made
            records += _evidence(work, missed)
            # After a clock was set back, nothing must be planned a second time.
            mark.planned_until = max(mark.planned_until, now)
            mark.next_due = _next(work, mark.planned_until)
        Run.objects.bulk_create(runs, ignore_conflicts=True, batch_size=50)
        PlannedWork.objects.bulk_update(marks, ["planned_until", "next_due"])
        if records:
            ledger.append(*records, now=now)


def _runs_of(work: Work, after: datetime, now: datetime) -> tuple[list[Run], list[datetime]]:
    """Return the runs to create for *work*, and its due times that were missed."""
    planned = _planned(work, after, now)
    if work.is_run_here and mode_now(schedule_act(work), modes.decisions()) is Mode.SHADOW:
        # Nothing was to be done, so nothing was missed.
        planned = [each for each in planned if each[1] not in _MISSING]
    missed = [moment for moment, reason in planned if reason in _MISSING]
    uncounted = set(missed[:-_MOST_MISSED])
    return [_run(work, moment, reason, now) for moment, reason in planned if moment not in uncounted], missed


def _planned(work: Work, after: datetime, now: datetime) -> Sequence[tuple[datetime, RunReason]]:
    due = _due(work, after, now)
    if work.task is not None:
        windows = [(moment, window_end(moment, work.task, work.system)) for moment in due]
        return rules.plan_tasks(windows, now=now, is_owed=work.task.is_owed)
    if work.reported is None:
        return rules.plan(due, now=now, catch_up=work.catch_up)
    # Due times that have been reported already have a run.
    known = set(Run.objects.filter(work=work.key, due_at__gt=after).values_list("due_at", flat=True))
    unknown = [moment for moment in due if moment not in known]
    return rules.plan_reported(unknown, now=now, within=work.reported.within)


_MISSING = {
    RunReason.MISSED: Message("runs.toban-was-down"),
    RunReason.UNREPORTED: Message("runs.unreported"),
}
"""The reasons for which a due time has no run that could still start."""


def _run(work: Work, due_at: datetime, reason: RunReason, now: datetime) -> Run:
    is_missed = reason in _MISSING
    return Run(
        work=work.key,
        due_at=due_at,
        clause_id=work.clause_id,
        document_digest=work.document_digest,
        ordered_by="schedule",
        parameters=parameters.filled({}, work.parameters),
        state=Run.State.MISSED if is_missed else Run.State.WAITING,
        reason=reason,
        note=_MISSING.get(reason, NOTHING),
        wake_at=due_at,
        due_until=window_end(due_at, work.task, work.system) if work.task is not None else None,
        ended_at=now if is_missed else None,
    )


def _evidence(work: Work, missed: list[datetime]) -> list[ledger.Record]:
    before = missed[:-_MOST_MISSED]
    spans = [(moment, moment) for moment in missed[-_MOST_MISSED:]]
    if before:
        spans.insert(0, (before[0], before[-1]))
    return [
        ledger.Record(
            LedgerEntry.Kind.VERDICT,
            {
                "verdict": Verdict.NOT_PERFORMED.value,
                "work": work.key,
                "reason": _MISSING[RunReason.UNREPORTED if work.reported else RunReason.MISSED].as_json(),
                "due_from": first.isoformat(),
                "due_to": last.isoformat(),
                "count": len(before) if first != last else 1,
            },
            clause_id=work.clause_id,
            document_digest=work.document_digest,
        )
        for first, last in spans
    ]


def _due(work: Work, after: datetime, until: datetime) -> list[datetime]:
    """Return the due times after *after* up to *until* (included), which are values from the tables."""
    moment = timedelta(microseconds=1)
    return list(due_times(work.schedule, work.system, after + moment, until + moment))


def _next(work: Work, after: datetime) -> datetime | None:
    moment = timedelta(microseconds=1)
    return next(due_times(work.schedule, work.system, after + moment, after + _FORESEEN), None)
