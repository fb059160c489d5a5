"""What errors report: notifications of new and regressed ones, and the statuses of the document's rows."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from toban.chapters.errors.intake.event import EventLevel
from toban.chapters.errors.models import ErrorGroup, ErrorProject
from toban.chapters.errors.rules import EventEffect
from toban.design.clauses.base import Clause
from toban.engine.amounts import length
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition, Signal
from toban.message import NOTHING, Message, plain

CONDITIONS: Mapping[EventLevel, Condition] = {
    EventLevel.FATAL: Condition.CRITICAL,
    EventLevel.ERROR: Condition.WARNING,
    EventLevel.WARNING: Condition.WARNING,
    EventLevel.INFO: Condition.INFO,
    EventLevel.DEBUG: Condition.INFO,
}
"""The condition an error is reported as. A crash is an emergency; a caught exception can wait for the day."""

_ARRIVALS = {
    EventEffect.NEW: Message("errors.new-error"),
    EventEffect.REGRESSED: Message("errors.regressed-error"),
}

_TOLD_LATELY = 10


def keys(group: ErrorGroup) -> list[str]:
    """Return the keys of the notifications of *group*: for its first event and its latest regressions."""
    latest = range(group.regressions, max(group.regressions - _TOLD_LATELY, 0), -1)
    return [_key(group, EventEffect.NEW), *(_key(group, EventEffect.REGRESSED, nth) for nth in latest)]


def _key(group: ErrorGroup, told: EventEffect, nth: int = 0) -> str:
    # An error may regress more than once, and each time is a new notification.
    return f"errors/{group.pk}/{told}/{nth}" if told is EventEffect.REGRESSED else f"errors/{group.pk}/{told}"


def signal(group: ErrorGroup, clause: Clause, target: str, now: datetime) -> Signal:
    """Return the pending notification of a group; it is sent once, however often it is reported.

    *target*: what its application is a part of; empty if that is not said.
    """
    began_at = group.untold_since or now
    return Signal(
        key=_key(group, EventEffect(group.untold), group.regressions),
        clause_id=clause.id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=CONDITIONS[EventLevel(group.level)],
        subject=Message("errors.error-of-application", application=group.project, error=group.subject),
        value=_arrival(group),
        limit=plain(group.culprit),
        began_at=began_at,
        detected_at=now,
        advice=Message("errors.show-then-resolve", error=group.pk),
        labels={"target": target or group.project, "item": group.title, "error": str(group.pk)},
    )


def _arrival(group: ErrorGroup) -> Message:
    what, level, count = _ARRIVALS[EventEffect(group.untold)], group.level, group.count
    if not group.last_release:
        return Message("errors.arrival", what=what, level=level, count=count)
    return Message(
        "errors.arrival-in-release", what=what, level=level, count=count, release=group.last_release
    )


def status(
    clause: Clause,
    bound: Mapping[str, timedelta],
    heard: Mapping[str, ErrorProject],
    file: str,
    now: datetime,
    *,
    waited_since: datetime | None = None,
) -> StatusUpdate:
    """Return the status of the row that says how errors are collected; *bound* are the applications.

    Without any data for as long as *bound* says, nobody can say that an application's errors would arrive.

    *waited_since*: when the row was first shown as not due for want of any event; None if it was not yet.
    """
    if not bound:
        return StatusUpdate(
            clause.id, Verdict.UNBOUND, NOTHING, Message("errors.bind-application", file=file), now
        )
    newest = max((each.event_at for each in heard.values() if each.event_at is not None), default=None)
    value = Message("errors.no-events")
    if newest is not None:
        value = Message("errors.last-event", at=newest.astimezone(now.tzinfo))
    proof = {name: _proof(heard.get(name)) for name in bound}
    last = {name: heard[name].heard_at if name in heard else waited_since or now for name in bound}
    silent = [name for name in bound if now - last[name] > bound[name]]
    if silent:
        reason = Message(
            "errors.silent-applications",
            applications=silent,
            silent=length(max(bound[name] for name in silent)),
        )
        return StatusUpdate(clause.id, Verdict.NOT_MEASURABLE, value, reason, now, proof=proof)
    unheard = [name for name in bound if name not in heard]
    if unheard:
        # An application without errors sends nothing: it is too early to doubt that it could.
        reason = Message("errors.unheard-applications", applications=unheard)
        return StatusUpdate(clause.id, Verdict.NOT_DUE, value, reason, now, proof=proof)
    reason = Message("errors.events-arrive", applications=list(bound))
    return StatusUpdate(clause.id, Verdict.CONFORMING, value, reason, now, proof=proof)


def _proof(heard: ErrorProject | None) -> Mapping[str, str]:
    if heard is None:
        return {}
    event_at = heard.event_at.isoformat() if heard.event_at is not None else ""
    return {"heard_at": heard.heard_at.isoformat(), "event_at": event_at}
