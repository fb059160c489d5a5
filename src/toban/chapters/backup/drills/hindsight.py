"""What a changed retention would remove, and how well a changed RPO or RTO was kept. See `HINDSIGHT`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import floor

from toban.chapters.backup import catalogue, rules
from toban.chapters.backup.models import Backup, Drill, LogStretch
from toban.chapters.backup.operation import OPERATION
from toban.chapters.backup.rules import BackupCopy
from toban.chapters.backup.works import BackupPlan
from toban.design.clauses.backup import BackupPolicy, RecoveryObjective
from toban.engine.amounts import size
from toban.engine.calendar.due import lasts
from toban.engine.editions.edition import Edition
from toban.engine.hindsight.question import Hindsight, HindsightQuestion, unknown
from toban.engine.spans import Span
from toban.message import Message

_DELETED, _KEPT = "deleted", "kept"
_DAY = timedelta(days=1)
_RPO = "RPO"

type Longest = Callable[[datetime], timedelta]
"""How long a moment meets the objective."""


def recall_policy(question: HindsightQuestion) -> Iterator[Hindsight]:
    """Yield which stored backups would be removed that are kept now, on the day after the change."""
    old, new = question.change.old, question.change.new
    if not (isinstance(old, BackupPolicy) and isinstance(new, BackupPolicy)):
        return
    if (old.generations, old.retention) == (new.generations, new.retention):
        return
    before, after = (_plan(each).sources.get(new.subject) for each in (question.old, question.new))
    if before is None or after is None:
        yield unknown(_DELETED, _plan(question.new).unbound.get(new.id, Message("hindsight.no-past")))
        return
    copies, has_log = catalogue.copies(new.subject), bool(catalogue.stretches(new.subject))
    tomorrow = question.now + _DAY
    gone = [
        {each.label for each in rules.prune(copies, source.keep, tomorrow, has_log=has_log).gone}
        for source in (before, after)
    ]
    yield _removed([each for each in copies if each.label in gone[1] - gone[0]], len(copies))


def _removed(copies: Sequence[BackupCopy], stored: int) -> Hindsight:
    count, freed = len(copies), sum(each.stored_bytes for each in copies)
    code = "hindsight.backups-removed" if copies else "hindsight.no-backup-removed"
    values = {"backups": [each.label for each in copies], "bytes": freed, "stored": stored}
    said = Message(code, count=count, stored=stored, size=size(freed))
    return Hindsight(_DELETED, (said,), values, is_adverse=bool(copies))


def recall_objective(question: HindsightQuestion) -> Iterator[Hindsight]:
    """Yield how well the objective would have been kept: by drills, and an RPO by the backups themselves."""
    row = question.change.new
    if not isinstance(row, RecoveryObjective):
        return
    plan, system = _plan(question.new), question.new.bindings.system
    subjects = [each for each in plan.sources if row.subject in {"", each}]
    longest = partial(lasts, row.limit, system=system, hours=plan.office)
    yield _drilled(row, subjects, question, longest)
    if row.objective == _RPO:
        for subject in subjects:
            yield _covered(subject, question, longest)


def _drilled(
    row: RecoveryObjective, subjects: Sequence[str], question: HindsightQuestion, longest: Longest
) -> Hindsight:
    drills = Drill.objects.filter(
        subject__in=subjects, started_at__gte=question.since, started_at__lt=question.now
    )
    measured = [
        (each.rpo_seconds if row.objective == _RPO else each.rto_seconds, each.started_at) for each in drills
    ]
    known = [(timedelta(seconds=each), at) for each, at in measured if each is not None]
    if not known:
        return unknown(_KEPT, Message("hindsight.no-drills"))
    met = sum(each <= longest(at) for each, at in known)
    worst, _ = max(known)
    said = Message("hindsight.drills-met", count=len(known), met=met, worst=round(worst.total_seconds()))
    values = {"drills": len(known), "met": met, "worst_seconds": worst.total_seconds()}
    return Hindsight(_KEPT, (said,), values, is_adverse=met < len(known))


@dataclass(frozen=True, slots=True)
class Restorable:
    """A moment that could be restored, from when on."""

    since: datetime
    moment: datetime


def _covered(subject: str, question: HindsightQuestion, longest: Longest) -> Hindsight:
    if LogStretch.objects.filter(subject=subject).exists():
        # How far the log had come at which time is not stored, but drills measure it.
        return unknown(_KEPT, Message("hindsight.log-progress-not-stored", subject=subject))
    found = Backup.objects.filter(subject=subject, ended_at__lt=question.now).order_by("ended_at")
    moments = [Restorable(each.ended_at, each.restorable_to) for each in found]
    share = kept_share(moments, (question.since, question.now), longest)
    if share is None:
        return unknown(_KEPT, Message("hindsight.no-backups", subject=subject))
    begins = max(question.since, moments[0].since)
    days = f"{(question.now - begins) / _DAY:.1f}"
    # Never rounded up: 99.96% speaks against the change, and is not all of the time.
    percent = floor(share * 1000 + 1e-9) / 10
    said = Message("hindsight.rpo-kept", subject=subject, share=f"{percent:.1f}", days=days)
    values = {"subject": subject, "share": round(share, 6), "known_from": begins.isoformat()}
    return Hindsight(_KEPT, (said,), values, is_adverse=share < 1)


def kept_share(moments: Sequence[Restorable], span: Span, longest: Longest) -> float | None:
    """Return the share of *span*, from the first of *moments* on, in which the newest was not too old. Pure.

    *moments* are in the order in which they became restorable. None if there is none in the span.
    """
    kept, known = timedelta(), timedelta()
    newest: datetime | None = None
    for number, each in enumerate(moments):
        newest = each.moment if newest is None else max(newest, each.moment)
        start = max(each.since, span[0])
        end = min(moments[number + 1].since if number + 1 < len(moments) else span[1], span[1])
        if end > start:
            known += end - start
            kept += max(min(end, newest + longest(newest)) - start, timedelta())
    return kept / known if known else None


def _plan(edition: Edition) -> BackupPlan:
    return edition.plan(OPERATION).backups


HINDSIGHT = {BackupPolicy: recall_policy, RecoveryObjective: recall_objective}
