"""The stages after routing: small pure decisions, each with a named reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from toban.engine.amounts import length
from toban.engine.exceptions.rules import CoveringException
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.routing import flapping
from toban.engine.notify.routing.maintenance import OpenWindow
from toban.engine.notify.routing.muting import OpenAlert
from toban.engine.notify.routing.routing import Route
from toban.engine.notify.routing.silences import ActiveSilence
from toban.engine.notify.routing.timing import DeliveryCalendar, departure
from toban.engine.notify.signal import Condition
from toban.message import NOTHING, Message

_GRAVITY = {
    Condition.OK: 0,
    Condition.INFO: 0,
    Condition.NO_DATA: 1,
    Condition.WARNING: 1,
    Condition.CRITICAL: 2,
}
_UNTOLD = frozenset(
    (
        NoticeReason.ALREADY_TOLD,
        NoticeReason.NEVER_TOLD,
        NoticeReason.STILL_WRONG,
        NoticeReason.GROUP_ONGOING,
    )
)


@dataclass(frozen=True, slots=True)
class LastNotice:
    """The last notification about an alert that was put into the outbox for a destination."""

    kind: NoticeKind
    condition: Condition
    at: datetime
    was_lost: bool
    """No notification about the alert arrived there, and none is on its way any more."""


@dataclass(frozen=True, slots=True)
class AlertContext:
    """The state of an alert apart from its measurement: the same for every place."""

    window: OpenWindow | None = None
    """The maintenance that it falls into."""
    muted_by: OpenAlert | None = None
    undecided_until: datetime | None = None
    """How long it waits at most for the decision whether its instance is down; None if that is known."""
    untold_until: datetime | None = None
    """How long it waits at most for the notification about the alert that it follows from."""
    others_until: datetime | None = None
    """How long its end waits at most for other instances of its target, which are still down."""
    silence: ActiveSilence | None = None
    exception: CoveringException | None = None
    """The exception that holds its notifications back."""
    lifted_at: datetime | None = None
    """When the last silence about it ended."""
    is_acknowledged: bool = False
    released_at: datetime | None = None
    """When the last acknowledgement was withdrawn."""
    is_flapping: bool = False
    is_still_wrong: bool = False
    """Data have returned, and an alert about their value is open."""
    calm_at: datetime | None = None
    """When flapping that has stopped counts as over."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A notification that might go to one place."""

    kind: NoticeKind
    condition: Condition
    """What to announce: the current condition, or the one that has ended."""
    route: Route
    told: LastNotice | None
    standing: AlertContext = field(default_factory=AlertContext)
    is_group_ongoing: bool = False
    """Others with which it is one incident at the place are not over yet."""
    is_swinging: bool = False
    """The place was told of several changes between warning and critical within a short time."""
    changed_at: datetime | None = None
    """Since when the condition is the current one."""
    holds_since: datetime | None = None
    """Since when the condition has held; None if it need not hold, as a recovery or an event."""
    is_listed: bool = False
    """It goes into a digest, which lists what came and went, too."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What stages may use besides the candidate."""

    now: datetime
    zone: ZoneInfo
    repeat: timedelta | None = None
    """How long until an unacknowledged alert is notified again."""
    busy_until: Mapping[str, datetime] = field(default_factory=dict)
    """Destination → until when its notifications wait to be grouped."""
    urgent_until: Mapping[str, datetime] = field(default_factory=dict)
    """The same for critical alerts: a new one does not wait long, whatever was sent before."""
    calendar: DeliveryCalendar = field(default_factory=DeliveryCalendar)
    """What the timing of rows refers to."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A stage's decision on a candidate."""

    passes: bool
    reason: NoticeReason
    detail: Message


@dataclass(frozen=True, slots=True)
class Judgement:
    """All rulings on a candidate, up to the one that stopped it or to the last."""

    trail: tuple[tuple[str, NoticeReason], ...]
    last: Ruling
    is_digest: bool = False
    """It leaves with everything since the last digest."""
    until: datetime | None = None
    """When it leaves, if it waits for its row's timing or to be grouped."""

    @property
    def stage(self) -> str:
        """The stage that decided."""
        return next(stage for stage, reason in reversed(self.trail) if reason is self.last.reason)


type Stage = Callable[[Candidate, Situation], Ruling]


def maintenance(candidate: Candidate, situation: Situation) -> Ruling:
    """Hold back problems while a planned window is open; after its end the next look announces the rest."""
    window = candidate.standing.window
    if window is None:
        return _pass(NoticeReason.NO_MAINTENANCE)
    if candidate.kind is NoticeKind.RECOVERED:
        return _pass(NoticeReason.RECOVERY_PASSES)
    until = window.until.astimezone(situation.zone)
    return _stop(
        NoticeReason.IN_MAINTENANCE,
        Message("notify.window-until", window=window.citation, at=f"{until:%H:%M}"),
    )


def mute(candidate: Candidate, situation: Situation) -> Ruling:
    """Hold back an alert that another one inhibits, and a new one while that is being decided.

    An outage ends once: an instance that is up again waits for the others of its target.
    """
    standing = candidate.standing
    if candidate.kind is NoticeKind.RECOVERED:
        is_early = standing.others_until is not None and situation.now < standing.others_until
        return _stop(NoticeReason.OTHERS_DOWN) if is_early else _pass(NoticeReason.NO_CAUSE_ABOVE)
    if standing.muted_by is not None:
        return _stop(NoticeReason.MUTED, standing.muted_by.subject)
    if standing.untold_until is not None and situation.now < standing.untold_until:
        return _stop(NoticeReason.CAUSE_UNTOLD)
    until = standing.undecided_until
    if until is not None and situation.now < until and candidate.told is None:
        return _stop(NoticeReason.CAUSE_UNDECIDED)
    return _pass(NoticeReason.NO_CAUSE_ABOVE)


def silence(candidate: Candidate, situation: Situation) -> Ruling:
    """Hold back silenced alerts, and say who silenced them, why and until when."""
    quiet = candidate.standing.silence
    if quiet is None:
        return _pass(NoticeReason.NOT_SILENCED)
    until = quiet.ends_at.astimezone(situation.zone)
    more = Message("notify.silence-until", who=quiet.author, words=quiet.reason, at=f"{until:%Y-%m-%d %H:%M}")
    return _stop(NoticeReason.SILENCED, more)


def exception(candidate: Candidate, situation: Situation) -> Ruling:
    """Hold back warnings and critical alerts that people allow for a time; missing data always passes."""
    allowed = candidate.standing.exception
    is_trouble = candidate.kind is NoticeKind.FIRING and candidate.condition is not Condition.INFO
    if allowed is None or not is_trouble:
        return _pass(NoticeReason.NO_EXCEPTION)
    until = allowed.ends_at.astimezone(situation.zone)
    more = Message(
        "notify.silence-until", who=allowed.author, words=allowed.reason, at=f"{until:%Y-%m-%d %H:%M}"
    )
    return _stop(NoticeReason.EXCEPTED, more)


def flap(candidate: Candidate, situation: Situation) -> Ruling:
    """Let flapping pass once: a recovery, or a change for the better, counts only after a calm."""
    standing = candidate.standing
    calm_at = _improvement_counts_at(candidate) or standing.calm_at
    if calm_at is not None and situation.now < calm_at and (standing.is_flapping or candidate.is_swinging):
        return _stop(NoticeReason.FLAPPING, Message("notify.once-calm-for", length=length(flapping.CALM)))
    return _pass(NoticeReason.FLAPPING_TOLD_ONCE if standing.is_flapping else NoticeReason.STEADY)


def _improvement_counts_at(candidate: Candidate) -> datetime | None:
    """Return from when on it counts that the alert is less grave than the place knows; None if it is not."""
    told = candidate.told
    if candidate.kind is NoticeKind.RECOVERED or told is None or candidate.changed_at is None:
        return None
    is_better = _GRAVITY[candidate.condition] < _GRAVITY[told.condition]
    return candidate.changed_at + flapping.CALM if is_better else None


def dedup(candidate: Candidate, situation: Situation) -> Ruling:
    """Let through only what the destination does not know yet, or must be notified of again."""
    reason = why_notify(candidate, repeat=situation.repeat, now=situation.now)
    if reason in _UNTOLD:
        return _stop(reason)
    return _pass(reason)


def why_notify(candidate: Candidate, *, repeat: timedelta | None, now: datetime) -> NoticeReason:
    """Return why a place should be notified of the candidate, or why not."""
    kind, condition, told = candidate.kind, candidate.condition, candidate.told
    if kind is NoticeKind.RECOVERED:
        return _why_recovered(candidate)
    if told is None:
        return NoticeReason.FIRST
    if told.condition is not condition:
        return NoticeReason.WORSE if _GRAVITY[condition] > _GRAVITY[told.condition] else NoticeReason.BETTER
    standing = candidate.standing
    if standing.lifted_at is not None and told.at < standing.lifted_at:
        return NoticeReason.SILENCE_ENDED
    if standing.is_acknowledged:
        return NoticeReason.ALREADY_TOLD
    if standing.released_at is not None and told.at < standing.released_at:
        return NoticeReason.RELEASED
    # ">=": a look landing exactly on the interval must not wait for the next.
    if repeat is not None and now - told.at >= repeat:
        return NoticeReason.REPEATED
    return NoticeReason.ALREADY_TOLD


def _why_recovered(candidate: Candidate) -> NoticeReason:
    told = candidate.told
    if told is None or told.was_lost:
        if not candidate.is_listed:
            return NoticeReason.NEVER_TOLD
        reason = NoticeReason.CAME_AND_WENT
    elif told.kind is NoticeKind.RECOVERED:
        return NoticeReason.ALREADY_TOLD
    elif candidate.is_group_ongoing:
        return NoticeReason.GROUP_ONGOING
    else:
        reason = NoticeReason.RECOVERED
    return NoticeReason.STILL_WRONG if candidate.standing.is_still_wrong else reason


STAGES: Mapping[str, Stage] = {
    "maintenance": maintenance,
    "mute": mute,
    "silence": silence,
    "exception": exception,
    "flap": flap,
    "dedup": dedup,
}
"""In the order in which they are asked.

What passes all leaves by the timing of its row, and is grouped if the place gets many.
"""
TIMING = "timing"


def judge(candidate: Candidate, situation: Situation) -> Judgement:
    """Ask the stages one after the other until one stops *candidate*."""
    trail = [("route", candidate.route.reason)]
    ruling = _pass(candidate.route.reason)
    for name, stage in STAGES.items():
        ruling = stage(candidate, situation)
        trail.append((name, ruling.reason))
        if not ruling.passes:
            return Judgement(tuple(trail), ruling)
    leaves = departure(candidate.route.timings, candidate.holds_since, situation.calendar, situation.now)
    if leaves.wait is not None:
        ruling = _stop(leaves.wait.reason, leaves.wait.detail)
        return Judgement((*trail, (TIMING, ruling.reason)), ruling, until=leaves.wait.until)
    if candidate.route.timings:
        trail.append((TIMING, NoticeReason.TIME_HAS_COME))
    until = _grouped_until(candidate, situation)
    # A digest is one message already, and its time does not come again soon.
    if until is not None and situation.now < until and not leaves.is_digest:
        ruling = _stop(NoticeReason.GATHERING)
        return Judgement((*trail, ("group", ruling.reason)), ruling, until=until)
    return Judgement(tuple(trail), ruling, leaves.is_digest)


def _grouped_until(candidate: Candidate, situation: Situation) -> datetime | None:
    """Return until when *candidate* waits to be grouped; None where each alert comes alone."""
    if not candidate.route.way.gathers:
        return None
    is_urgent = candidate.kind is NoticeKind.FIRING and candidate.condition is Condition.CRITICAL
    busy = situation.urgent_until if is_urgent else situation.busy_until
    return busy.get(candidate.route.destination)


@cache
def _pass(reason: NoticeReason) -> Ruling:
    return Ruling(passes=True, reason=reason, detail=reason.said)


def _stop(reason: NoticeReason, more: Message = NOTHING) -> Ruling:
    detail = Message("notify.because", why=reason.said, more=more) if more else reason.said
    return Ruling(passes=False, reason=reason, detail=detail)
