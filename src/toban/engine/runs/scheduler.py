"""Due times to runs, level-triggered: what is due follows from the document and the tables."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from toban.engine.bindings.due import due_times
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs import rules
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import Reason
from toban.engine.runs.work import Work

_RENEWED = timedelta(hours=1)
"""How far behind the mark may be where nothing is due: writing it each time would be for nothing."""

_FORESEEN = timedelta(days=370)
_MOST_MISSED = 1000
"""Runs written down one by one after a long absence; the ledger says how many came before."""


def plan_due(works: Collection[Work], now: datetime) -> None:
    """Make a run of every due time up to *now* that has none yet; safe to call anywhere, at any time.

    Each missed one becomes 未実施 in the evidence, in the same transaction.
    """
    marks = PlannedWork.objects.in_bulk([work.key for work in works])
    for work in works:
        mark = marks.get(work.key)
        if mark is None or mark.rule != work.rule or not mark.in_force or mark.clause_id != work.clause_id:
            _begin(work, now)
        elif mark.depends_on != list(work.depends_on):
            mark.depends_on = list(work.depends_on)
            mark.save(update_fields=["depends_on"])
        elif _is_due(mark, now):
            _plan(work, now)
    PlannedWork.objects.exclude(key__in=[work.key for work in works]).filter(in_force=True).update(
        in_force=False
    )


def _is_due(mark: PlannedWork, now: datetime) -> bool:
    has_come = mark.next_due is not None and mark.next_due <= now
    return has_come or now - mark.planned_until >= _RENEWED


def _begin(work: Work, now: datetime) -> None:
    """A work that is new, or due by another rule, has no past to make up for."""
    PlannedWork.objects.update_or_create(
        key=work.key,
        defaults={
            "clause_id": work.clause_id,
            "rule": work.rule,
            "planned_until": now,
            "next_due": _next(work, now),
            "depends_on": list(work.depends_on),
            "in_force": True,
        },
    )


def _plan(work: Work, now: datetime) -> None:
    with transaction.atomic():
        # Of several schedulers one comes first; the others then find its mark.
        ledger.hold()
        mark = PlannedWork.objects.get(key=work.key)
        planned = rules.plan(_due(work, mark.planned_until, now), now=now, catch_up=work.catch_up)
        missed = [moment for moment, reason in planned if reason is Reason.MISSED]
        uncounted = set(missed[:-_MOST_MISSED])
        runs = [_run(work, moment, reason, now) for moment, reason in planned if moment not in uncounted]
        Run.objects.bulk_create(runs, ignore_conflicts=True, batch_size=50)
        if missed:
            ledger.append(*_evidence(work, missed), now=now)
        # A clock that was set back must not plan a second time what has been planned.
        mark.planned_until = max(mark.planned_until, now)
        mark.next_due = _next(work, mark.planned_until)
        mark.save(update_fields=["planned_until", "next_due"])


def _run(work: Work, due_at: datetime, reason: Reason, now: datetime) -> Run:
    is_missed = reason is Reason.MISSED
    return Run(
        work=work.key,
        due_at=due_at,
        clause_id=work.clause_id,
        document_digest=work.document_digest,
        ordered_by="schedule",
        state=Run.State.MISSED if is_missed else Run.State.WAITING,
        reason=reason,
        wake_at=due_at,
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
                "reason": "予定の時刻に Toban が動いていませんでした",
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
    """The due times after *after* up to *until*, both as they stand in the tables."""
    moment = timedelta(microseconds=1)
    return list(due_times(work.schedule, work.system, after + moment, until + moment))


def _next(work: Work, after: datetime) -> datetime | None:
    moment = timedelta(microseconds=1)
    return next(due_times(work.schedule, work.system, after + moment, after + _FORESEEN), None)
