"""Error tracking besides the intake: notifications, the rows' statuses, and deleting old data.

Level-triggered: a group itself records that a notification is pending, and any worker may send it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from toban.chapters.errors import clauses, report
from toban.chapters.errors.bindings import ERRORS, TRACKING
from toban.chapters.errors.intake.event import EventLevel
from toban.chapters.errors.models import (
    AffectedUser,
    ErrorGroup,
    ErrorHour,
    ErrorProject,
    SeenEvent,
    StoredEvent,
    let_go,
)
from toban.chapters.errors.rules import ErrorState
from toban.design.clauses.base import Clause
from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.evidence import ledger, status
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify import alerts
from toban.engine.notify.routing.routing import rules_for
from toban.engine.notify.signal import LEVEL_OF

REMEMBERED = timedelta(days=2)
"""How long event ids are remembered, so that an event sent again is not counted again."""

_AT_ONCE = 200

log = structlog.get_logger(__name__)


def kept_rows(design: Design) -> set[str]:
    """Return the ids of the rows whose status this module shows."""
    return {row.id for row in clauses.trackings(design)}


def tell(design: Design, bindings: Bindings, now: datetime) -> int:
    """Send one notification for every new and regressed error; return how many."""
    if not ErrorGroup.objects.exclude(untold="").exists():
        return 0
    with transaction.atomic():
        # The first lock in every transaction that writes evidence, so that no two wait for each other.
        ledger.hold()
        waiting = ErrorGroup.objects.select_for_update().exclude(untold="").order_by("pk")[:_AT_ONCE]
        found = [(group, _cited(design, EventLevel(group.level))) for group in waiting]
        targets = {name: each.target for name, each in ERRORS.of(bindings).items()}
        signals = [
            report.signal(group, clause, targets.get(group.project, ""), now)
            for group, clause in found
            if clause is not None
        ]
        alerts.tell(signals, now, design.digest)
        numbers = [group.pk for group, _ in found]
        ErrorGroup.objects.filter(pk__in=numbers).update(untold="", untold_since=None)
    if len(signals) < len(found):
        log.warning("errors_without_matrix", count=len(found) - len(signals))
    return len(signals)


def _cited(design: Design, level: EventLevel) -> Clause | None:
    """Return the row that orders the notification: that of error tracking, or else of the matrix."""
    rules = design.of(NotificationRule)
    matrix = rules_for(rules, LEVEL_OF[report.CONDITIONS[level]]) or rules
    return clauses.tracking(design) or next(iter(matrix), None)


def show(design: Design, bindings: Bindings, now: datetime) -> None:
    """Show the statuses of the rows about errors."""
    local = now.astimezone(bindings.system.zone)
    bound = {name: each.silent_after for name, each in sorted(ERRORS.of(bindings).items())}
    heard = ErrorProject.objects.in_bulk(bound)
    updates = [
        report.status(row, bound, heard, bindings.file, local, waited_since=_waited_since(row))
        for row in clauses.trackings(design)
    ]
    status.show(updates, now, design.digest)


def _waited_since(row: Clause) -> datetime | None:
    """Return when *row* began to wait for a first event; the evidence remembers it, also across restarts."""
    verdicts = LedgerEntry.objects.filter(clause_id=row.id, kind=LedgerEntry.Kind.VERDICT)
    # After a time without Toban, a row that still waits is found to be not due once more.
    waits = Q(content__verdict=Verdict.NOT_DUE.value) & ~Q(content__before=Verdict.NOT_MEASURABLE.value)
    found = verdicts.filter(waits).order_by("-sequence").first()
    return found.at if found is not None else None


def forget(
    design: Design, bindings: Bindings, now: datetime, *, is_held: bool, agreed: timedelta | None
) -> Mapping[str, int]:
    """Delete what is older than the document's retention of error logs; nothing under a legal hold.

    Nothing younger than *agreed* is deleted: a shorter retention waits for approval. None: for ever. An
    ignored error stays ignored, though its events are deleted: otherwise it would be reported as new.
    """
    SeenEvent.objects.filter(received_at__lt=now - REMEMBERED).delete()
    kept = clauses.kept(design, TRACKING.of(bindings).kept)
    if kept is None or agreed is None or is_held:
        return {}
    end = now - max(kept, agreed)
    events = _forget_events(end)
    hours, _ = ErrorHour.objects.filter(hour__lt=end).delete()
    old = ErrorGroup.objects.filter(last_seen__lt=end)
    AffectedUser.objects.filter(group__in=old).delete()
    groups, _ = old.exclude(state=ErrorState.IGNORED).delete()
    if events or groups:
        log.info("errors_forgotten", events=events, hours=hours, groups=groups)
    return {"events": events, "hours": hours, "groups": groups}


def _forget_events(end: datetime) -> int:
    old = StoredEvent.objects.filter(received_at__lt=end)
    with transaction.atomic():
        # An intake locks an error before anything of it; do the same, so that no two wait for each other.
        theirs = ErrorGroup.objects.select_for_update().filter(pk__in=old.values("group")).order_by("pk")
        list(theirs.values_list("pk", flat=True))
        return let_go(old)
