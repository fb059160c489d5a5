"""What errors report: notifications of new and regressed ones, and the statuses of the document's rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from toban.chapters.errors.intake.event import EventLevel
from toban.chapters.errors.models import ErrorGroup, ErrorProject, ErrorReview
from toban.chapters.errors.rules import EventEffect
from toban.design.clauses.base import Clause
from toban.design.clauses.routine import Routine
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition, Signal
from toban.engine.said import recorded

CONDITIONS: Mapping[EventLevel, Condition] = {
    EventLevel.FATAL: Condition.CRITICAL,
    EventLevel.ERROR: Condition.WARNING,
    EventLevel.WARNING: Condition.WARNING,
    EventLevel.INFO: Condition.INFO,
    EventLevel.DEBUG: Condition.INFO,
}
"""The condition an error is reported as. A crash is an emergency; a caught exception can wait for the day."""

SILENT = timedelta(days=7)
"""After this long without any data from an application, nobody can say that its errors would arrive."""

GRACE = timedelta(days=1)
"""A review due at 10:00 may be done that day or the day before."""

_NEVER_REVIEWED = recorded(
    "まだレビューされていません。/errors/review/ か toban errors review --done で記録してください"
)
_WORDS = {
    EventEffect.NEW: recorded("新しいエラー"),
    EventEffect.REGRESSED: recorded("解決済みエラーの再発"),
}


_TOLD_LATELY = 10


def keys(group: ErrorGroup) -> list[str]:
    """Return the keys of the notifications of *group*: for its first event and its latest regressions."""
    latest = range(group.regressions, max(group.regressions - _TOLD_LATELY, 0), -1)
    return [_key(group, EventEffect.NEW), *(_key(group, EventEffect.REGRESSED, nth) for nth in latest)]


def _key(group: ErrorGroup, told: EventEffect, nth: int = 0) -> str:
    # An error may regress more than once, and each time is a new notification.
    return f"errors/{group.pk}/{told}/{nth}" if told is EventEffect.REGRESSED else f"errors/{group.pk}/{told}"


def signal(group: ErrorGroup, clause: Clause, now: datetime) -> Signal:
    """Return the pending notification of a group; it is sent once, however often it is reported."""
    began_at = group.untold_since or now
    return Signal(
        key=_key(group, EventEffect(group.untold), group.regressions),
        clause_id=clause.id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=CONDITIONS[EventLevel(group.level)],
        subject=f"{group.project} {group.title}",
        value=_arrival(group),
        limit=group.culprit,
        began_at=began_at,
        detected_at=now,
        advice=recorded(
            "toban errors show %(number)s、解決したら toban errors resolve %(number)s", number=group.pk
        ),
        labels={"target": group.project, "item": group.title, "error": str(group.pk)},
    )


def _arrival(group: ErrorGroup) -> str:
    told = {"what": _WORDS[EventEffect(group.untold)], "level": group.level, "count": group.count}
    if not group.last_release:
        return recorded("%(what)s（%(level)s、%(count)s件）", **told)
    return recorded(
        "%(what)s（%(level)s、%(count)s件、リリース %(release)s）", **told, release=group.last_release
    )


def status(
    clause: Clause, bound: Sequence[str], heard: Mapping[str, ErrorProject], file: str, now: datetime
) -> StatusUpdate:
    """Return the status of the row that says how errors are collected; *bound* are the applications."""
    if not bound:
        reason = recorded(
            "%(file)s に [errors.アプリ名] を書き、toban errors dsn が示す DSN を SDK に設定してください",
            file=file,
        )
        return StatusUpdate(clause.id, Verdict.UNBOUND, "", reason, now)
    newest = max((each.event_at for each in heard.values() if each.event_at is not None), default=None)
    value = recorded("イベントなし")
    if newest is not None:
        value = recorded("最後のイベント %(clock)s", clock=_clock(newest, now))
    proof = {name: _proof(heard.get(name)) for name in bound}
    silent = [name for name in bound if name not in heard or now - heard[name].heard_at > SILENT]
    if silent:
        reason = recorded(
            "%(names)s: %(days)s日間イベントが届いていません。toban errors dsn の DSN と、"
            "ネットワークの経路を確かめてください",
            names="、".join(silent),
            days=SILENT.days,
        )
        return StatusUpdate(clause.id, Verdict.NOT_MEASURABLE, value, reason, now, proof=proof)
    reason = recorded("%(names)s から届いています", names="、".join(bound))
    return StatusUpdate(clause.id, Verdict.CONFORMING, value, reason, now, proof=proof)


def _proof(heard: ErrorProject | None) -> Mapping[str, str]:
    if heard is None:
        return {}
    event_at = heard.event_at.isoformat() if heard.event_at is not None else ""
    return {"heard_at": heard.heard_at.isoformat(), "event_at": event_at}


def review_status(
    row: Routine, last: datetime | None, coming: datetime | None, done: ErrorReview | None, now: datetime
) -> StatusUpdate:
    """Return the status of a recurring error review.

    It was due at *last*, more than `GRACE` ago, and is next due at *coming*.
    """
    if done is not None and (last is None or is_done(done, last)):
        value, reason = (
            f"{done.by} {_clock(done.at, now)}",
            recorded("%(day)s からの週をレビューしました", day=done.monday),
        )
        return StatusUpdate(row.id, Verdict.CONFORMING, value, reason, now, coming)
    if last is None:
        return StatusUpdate(row.id, Verdict.NOT_MEASURABLE, "", _NEVER_REVIEWED, now, coming)
    reason = recorded(
        "%(clock)s が期限のレビューは、まだ行われていません。/errors/review/ か toban errors review "
        "--done で記録してください",
        clock=_clock(last, now),
    )
    return StatusUpdate(row.id, Verdict.NOT_PERFORMED, "", reason, now, coming)


def is_done(done: ErrorReview | None, due: datetime) -> bool:
    """Say whether *done* is the review that was due at *due*."""
    return done is not None and done.at >= due - GRACE


def _clock(at: datetime, now: datetime) -> str:
    return f"{at.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"
