"""Backups as the pages show them: chains, and what can be brought back of each subject."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from toban.chapters.backup import catalogue, rules
from toban.chapters.backup.engine import Method
from toban.chapters.backup.models import Backup, Drill, LogStretch
from toban.chapters.backup.rules import RestorePoint, WalStretch, position
from toban.design.clauses.backup import BackupPolicy, RecoveryObjective
from toban.design.reader import Design
from toban.design.values.backup_method import BackupMethod, read_backup_method
from toban.engine.evidence.verdict import Verdict
from toban.message import Message

_CHAINS = 10
_FULLS = 60


@dataclass(frozen=True, slots=True)
class BackupChain:
    """A full backup and the increments on it, in order."""

    full: Backup
    increments: tuple[Backup, ...]


@dataclass(frozen=True, slots=True)
class LogSpan:
    """A log without a gap, joined from any number of overlapping stretches."""

    timeline: int
    first_lsn: str
    last_lsn: str
    durable_to: datetime
    broken_why: Message


@dataclass(frozen=True, slots=True)
class Subject:
    """The state of everything that is kept of one subject."""

    name: str
    moment: RestorePoint | None
    age: timedelta | None
    objective: RecoveryObjective | None
    """Its RPO."""
    verdict: Verdict
    """Whether the RPO is met now."""
    chains: tuple[BackupChain, ...]
    """The newest first."""
    more: int
    """Older chains."""
    count: int
    stored_bytes: int
    fulls: tuple[Backup, ...]
    """The newest full backups, the oldest of them first."""
    spans: tuple[LogSpan, ...]
    """In the order of the newest moment that each can bring back, the newest last."""
    drill: Drill | None
    """The newest drill."""


def _by_length(objective: RecoveryObjective, _start: datetime) -> timedelta:
    return objective.limit.as_timedelta()


def subject(
    name: str,
    kept: Sequence[Backup],
    stretches: Sequence[LogStretch],
    drill: Drill | None,
    objective: RecoveryObjective | None,
    now: datetime,
    longest: Callable[[RecoveryObjective, datetime], timedelta | None] = _by_length,
) -> Subject:
    """Return the subject *name*, with its *kept* backups (oldest first) and *stretches* of log.

    *longest* says how long an objective lasts from a moment on.
    """
    moment = rules.newest_moment(
        [catalogue.copy_of(each) for each in kept], [_stretch(each) for each in stretches]
    )
    age = now - moment.at if moment is not None else None
    allowed = longest(objective, moment.at) if objective is not None and moment is not None else None
    verdict = _verdict(age, allowed)
    if moment is None and kept and objective is not None:
        # There are backups, and none can be restored.
        verdict = Verdict.DEVIATING
    chains = chains_of(kept)
    return Subject(
        name=name,
        moment=moment,
        age=age,
        objective=objective,
        verdict=verdict,
        chains=tuple(chains[:_CHAINS]),
        more=max(len(chains) - _CHAINS, 0),
        count=len(kept),
        stored_bytes=sum(each.stored_bytes for each in kept),
        fulls=tuple(each for each in kept if each.method == Method.FULL)[-_FULLS:],
        spans=tuple(spans_of(stretches)),
        drill=drill,
    )


def subjects_of(design: Design, stored: Iterable[str]) -> list[str]:
    """Return what the document backs up and what is *stored*, in the document's order.

    A store's own versioning is left out: it makes no copies of ours.
    """
    copied = (
        row.subject
        for row in design.of(BackupPolicy)
        if read_backup_method(row.method) is not BackupMethod.VERSIONING
    )
    return list(dict.fromkeys([*copied, *sorted(stored)]))


def objective_of(design: Design, subject: str) -> RecoveryObjective | None:
    """Return the RPO of *subject*: its own, else that of the whole system."""
    found = [each for each in design.of(RecoveryObjective) if each.objective == "RPO"]
    own = next((each for each in found if each.subject == subject), None)
    return own or next((each for each in found if not each.subject), None)


def chains_of(kept: Sequence[Backup]) -> list[BackupChain]:
    """Return the chains of *kept* (oldest first), the newest first; an orphan is a chain of its own."""
    on: Mapping[str, list[Backup]] = {each.label: [] for each in kept if not each.parent}
    orphans = []
    for each in kept:
        if each.parent in on:
            on[each.parent].append(each)
        elif each.parent:
            orphans.append(each)
    chains = [BackupChain(each, tuple(on[each.label])) for each in kept if not each.parent]
    chains += [BackupChain(each, ()) for each in orphans]
    return sorted(chains, key=lambda chain: chain.full.ended_at, reverse=True)


def spans_of(stretches: Sequence[LogStretch]) -> list[LogSpan]:
    """Return the log in *stretches*; those that overlap or meet are joined, and end as the last one does.

    The process that follows the log begins a new stretch if it can't know that the last one goes on, often a
    segment earlier. To a reader that is not a second log.
    """
    spans: list[LogSpan] = []
    cluster = ""
    for each in sorted(stretches, key=lambda row: (row.system_id, row.timeline, position(row.first_lsn))):
        before = spans[-1] if spans and cluster == each.system_id else None
        cluster = each.system_id
        if before is None or before.timeline != each.timeline or _is_apart(before, each):
            spans.append(_span(each))
        elif position(each.last_lsn) >= position(before.last_lsn):
            newest = max(before.durable_to, each.durable_to)
            spans[-1] = replace(_span(each), first_lsn=before.first_lsn, durable_to=newest)
    return sorted(spans, key=lambda span: span.durable_to)


def _is_apart(before: LogSpan, row: LogStretch) -> bool:
    return position(row.first_lsn) > position(before.last_lsn)


def _span(row: LogStretch) -> LogSpan:
    return LogSpan(row.timeline, row.first_lsn, row.last_lsn, row.durable_to, row.broken_why)


def _verdict(age: timedelta | None, allowed: timedelta | None) -> Verdict:
    if age is None or allowed is None:
        return Verdict.NOT_MEASURABLE
    # ">": exactly the limit still meets it.
    return Verdict.DEVIATING if age > allowed else Verdict.CONFORMING


def _stretch(row: LogStretch) -> WalStretch:
    return WalStretch(row.system_id, row.timeline, row.first_lsn, row.last_lsn, row.durable_to)
