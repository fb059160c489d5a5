"""The decision on each alert at one look: who is notified, who is called, when to look again. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from toban.design.clauses.duty import DutyRole
from toban.design.clauses.objectives import MaintenanceWindow
from toban.design.reader import Design
from toban.design.values.severity import AlertLevel
from toban.engine.notify.deciding.records import AT_LEAST_EVERY, AlertingSnapshot, AlertRecord, place
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.duty import escalation
from toban.engine.notify.duty.escalation import EscalationProgress
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.routing import flapping
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.grouping import URGENT, PassedNotice, busy_until
from toban.engine.notify.routing.maintenance import open_window, window_for
from toban.engine.notify.routing.muting import (
    AFTERMATH,
    OUTAGE,
    TOGETHER,
    UNDECIDED_FOR,
    UNTOLD_FOR,
    Causes,
    OpenAlert,
)
from toban.engine.notify.routing.recipients import Recipients
from toban.engine.notify.routing.routing import DeadEnd, Route, Routing
from toban.engine.notify.routing.silences import lifted_at, silencing
from toban.engine.notify.routing.stages import AlertContext, Candidate, Judgement, Situation, judge
from toban.engine.notify.routing.timing import DeliveryCalendar, departure, office_hours
from toban.engine.notify.signal import BECAUSE, NO_DATA_SUFFIX, UNDECIDED
from toban.message import Message

_HELD = frozenset(
    {NoticeReason.IN_MAINTENANCE, NoticeReason.MUTED, NoticeReason.SILENCED, NoticeReason.EXCEPTED}
)
"""The reasons for which an unacknowledged alert is not escalated, either."""
_WAITING = frozenset(
    {
        NoticeReason.FLAPPING,
        NoticeReason.CAUSE_UNDECIDED,
        NoticeReason.GATHERING,
        NoticeReason.STILL_WRONG,
        NoticeReason.OTHERS_DOWN,
        NoticeReason.CAUSE_UNTOLD,
        NoticeReason.OUTSIDE_HOURS,
        NoticeReason.FOR_DIGEST,
    }
)
"""The reasons for which a notification that is stopped now may pass later, without a change of its alert."""
_FOR_OTHERS = frozenset({NoticeReason.OTHERS_DOWN, NoticeReason.CAUSE_UNTOLD})
"""Those that another alert may end at any moment, so that one message says both."""
_SAME_MOMENT = timedelta(minutes=1)
"""A notification of an alert so shortly before an event says what follows from it, too."""


@dataclass(frozen=True, slots=True)
class NoticeOutcome:
    """The final decision on whether one place is notified of an alert, as it is recorded."""

    destination: str
    recipients: tuple[str, ...]
    rule_id: str
    rule_citation: Message
    passed: bool
    stage: str
    reason: NoticeReason
    detail: Message
    trail: tuple[tuple[str, NoticeReason], ...]


@dataclass(frozen=True, slots=True)
class AlertDecision:
    """The decision on one alert."""

    alert: AlertRecord
    outcomes: tuple[NoticeOutcome, ...]
    """Those that differ from the last look."""
    passed: tuple[PassedNotice, ...]
    """The notifications to send now."""
    escalation: EscalationProgress | None
    """Its progress from now on; None if there is none."""
    is_settled: bool
    """Whether nothing more can follow from it."""
    look_at: datetime
    """When to look again: until then only a change of the alert itself can change the decision."""


def decide(design: Design, contacts: Contacts, snapshot: AlertingSnapshot) -> list[AlertDecision]:
    """Decide on every alert of *snapshot*, under one document and one set of bindings."""
    look = _Look(design, contacts, snapshot)
    return [look.at(alert) for alert in snapshot.alerts]


class _Look:
    """What all alerts of one look have in common, and the decision on each."""

    def __init__(self, design: Design, contacts: Contacts, snapshot: AlertingSnapshot) -> None:
        self._snapshot = snapshot
        self._now = snapshot.now
        self._recipients = Recipients(design, contacts, snapshot.now)
        self._runs_on = contacts.runs_on
        self._causes = Causes(snapshot.troubles)
        self._over = {cause.key: at for cause, at in snapshot.lately_down}
        self._aftermath = Causes(cause for cause, _ in snapshot.lately_down)
        self._wrong = frozenset(each.key for each in snapshot.troubles)
        self._window = open_window(
            design.of(MaintenanceWindow), zone=contacts.zone, business=contacts.business, now=snapshot.now
        )
        self._situation = Situation(
            snapshot.now,
            contacts.zone,
            contacts.notices.repeat,
            busy_until(snapshot.lately),
            busy_until(snapshot.lately, URGENT),
            DeliveryCalendar(
                contacts.calendar, office_hours(design.of(DutyRole), contacts.office), snapshot.digests
            ),
        )
        self._calls = escalation.policy(contacts.notices, design.of(DutyRole), contacts.file)

    def at(self, alert: AlertRecord) -> AlertDecision:
        """Ask the stages about every place that *alert* may be notified to, and find out who is called."""
        routing, standing = self._recipients.of(alert), self._standing(alert)
        candidates = [self._candidate(alert, route, standing) for route in routing.routes]
        judged = [(candidate, judge(candidate, self._situation)) for candidate in candidates]
        judgements = [judgement for _, judgement in judged]
        progress, called = self._escalate(alert, judgements)
        outcomes = (
            *(_dead_end(end) for end in routing.dead_ends),
            *(_outcome(candidate.route, judgement) for candidate, judgement in judged),
            *(_dead_end(end) for end in called.dead_ends),
        )
        return AlertDecision(
            alert=alert,
            outcomes=tuple(each for each in outcomes if _is_new(each, alert)),
            passed=(
                *(
                    replace(_passed(alert, *each), consequences=self._led_to(alert))
                    for each in judged
                    if each[1].last.passes
                ),
                *self._acknowledged(alert),
                *(
                    PassedNotice(
                        alert,
                        alert.kind,
                        alert.level,
                        route,
                        NoticeReason.ESCALATED,
                        incident=_incident(alert, route),
                    )
                    for route in called.routes
                ),
            ),
            escalation=progress,
            is_settled=self._is_settled(alert, judgements),
            look_at=self._look_at(standing, judgements, progress),
        )

    def _candidate(self, alert: AlertRecord, route: Route, standing: AlertContext) -> Candidate:
        past = alert.past
        return Candidate(
            alert.kind,
            alert.condition,
            route,
            past.told(route.destination, alert.kind),
            self._beside_cause(alert, route, standing),
            self._is_group_ongoing(alert, route),
            past.is_swinging(route.destination),
            alert.changed_at,
            alert.holds_since,
            # What was held back until the end of a maintenance, a cause or a silence is not told afterwards.
            is_listed=route.is_digest and past.reason_at(route.destination) not in _HELD,
        )

    def _beside_cause(self, alert: AlertRecord, route: Route, standing: AlertContext) -> AlertContext:
        """Return *standing* with what the alert that *alert* follows from means for this place."""
        cause = self._open.get(alert.labels.get(BECAUSE, ""))
        if cause is None or self._causes.of(cause, self._runs_on) is not None:
            # Nobody is told of that.
            return standing
        since = alert.opened_at - _SAME_MOMENT
        told = (each for each in self._snapshot.told_of.get(cause.key, ()) if each.is_trouble)
        there = (each for each in told if each.destination == route.destination and each.at >= since)
        if any(each.condition is alert.condition for each in there):
            return replace(standing, muted_by=cause)
        return replace(standing, untold_until=alert.opened_at + UNTOLD_FOR)

    def _is_group_ongoing(self, alert: AlertRecord, route: Route) -> bool:
        return _incident(alert, route) in self._snapshot.ongoing_groups

    def _standing(self, alert: AlertRecord) -> AlertContext:
        seen, labels, now = self._snapshot, alert.labels, self._now
        return AlertContext(
            window=window_for(labels, seen.maintenance, self._window),
            muted_by=self._cause(alert),
            undecided_until=_undecided_until(alert),
            others_until=self._others_until(alert),
            silence=silencing(seen.silences, alert.clause_id, labels, now),
            exception=next((each for each in seen.exceptions if each.covers(alert.clause_id, labels)), None),
            lifted_at=lifted_at(seen.silences, alert.clause_id, labels, now),
            is_acknowledged=alert.acknowledged_at is not None,
            released_at=alert.released_at,
            is_flapping=alert.flap_root_id is not None,
            is_still_wrong=_value_key(alert) in self._wrong,
            calm_at=alert.resolved_at + flapping.CALM if alert.resolved_at is not None else None,
        )

    def _cause(self, alert: AlertRecord) -> OpenAlert | None:
        """Return what inhibits *alert*: an open alert, or an outage that has just ended and led to it."""
        cause = self._causes.of(alert.trouble, self._runs_on)
        if cause is not None:
            return cause
        past = self._aftermath.of(alert.trouble, self._runs_on)
        is_of_it = past is not None and OUTAGE.is_of(self._over[past.key], alert.began_at, self._now)
        return past if is_of_it else None

    def _others_until(self, alert: AlertRecord) -> datetime | None:
        """Return how long the end of *alert* waits for that of the instances that are down with it."""
        trouble = alert.trouble
        if alert.resolved_at is None or not trouble.is_down:
            return None
        is_alone = trouble.target not in self._down
        return None if is_alone else alert.resolved_at + AFTERMATH

    def _led_to(self, alert: AlertRecord) -> tuple[Message, ...]:
        is_cause = alert.resolved_at is None and alert.trouble.is_down
        return tuple(self._consequences.get(alert.key, ())) if is_cause else ()

    @cached_property
    def _open(self) -> Mapping[str, OpenAlert]:
        return {each.key: each for each in self._snapshot.troubles}

    @cached_property
    def _down(self) -> frozenset[str]:
        """The targets of which an instance is down."""
        return frozenset(each.target for each in self._snapshot.troubles if each.is_down)

    @cached_property
    def _consequences(self) -> Mapping[str, Sequence[Message]]:
        """What each instance that is down inhibits, by the key of its alert."""
        found: dict[str, list[Message]] = defaultdict(list)
        for each in self._snapshot.troubles:
            cause = self._causes.of(each, self._runs_on)
            if cause is not None and cause.is_down:
                found[cause.key].append(each.subject)
        return found

    def _acknowledged(self, alert: AlertRecord) -> Iterator[PassedNotice]:
        """Yield one notification for everybody notified of the alert: who acknowledged it."""
        if alert.acknowledged_at is None or alert.acknowledgement_told or alert.resolved_at is not None:
            return
        for route in self._recipients.told(alert):
            leaves = departure(route.timings, None, self._situation.calendar, self._now)
            # Out of hours, and where a digest says it all, an acknowledgement is no news.
            if leaves.wait is None and not leaves.is_digest:
                yield PassedNotice(
                    alert,
                    NoticeKind.ACKNOWLEDGED,
                    alert.level,
                    route,
                    NoticeReason.ACKNOWLEDGED,
                    incident=_incident(alert, route),
                )

    def _escalate(
        self, alert: AlertRecord, judgements: Sequence[Judgement]
    ) -> tuple[EscalationProgress | None, Routing]:
        """Return the escalation's progress and the routes to call now, while *alert* is unacknowledged."""
        is_over = alert.resolved_at is not None or alert.acknowledged_at is not None
        if is_over or alert.level is not AlertLevel.CRITICAL:
            return None, Routing()
        progress = alert.past.escalation
        if progress is None:
            if not any(judgement.last.passes for judgement in judgements):
                return None, Routing()
            progress = EscalationProgress(self._calls, self._now)
        if judgements and all(judgement.last.reason in _HELD for judgement in judgements):
            return progress, Routing()
        calls = escalation.due(progress.steps, done=progress.done, began_at=progress.began_at, now=self._now)
        called = [
            self._recipients.roles(call.roles, call.ordered_by, NoticeReason.ESCALATED) for call in calls
        ]
        return replace(progress, done=progress.done + len(calls)), Routing(
            tuple(route for each in called for route in each.routes),
            tuple(end for each in called for end in each.dead_ends),
        )

    def _is_settled(self, alert: AlertRecord, judgements: Sequence[Judgement]) -> bool:
        is_superseded = self._snapshot.newest_flaps.get(alert.key, alert.id) != alert.id
        return alert.resolved_at is not None and (not _waits(judgements) or is_superseded)

    def _look_at(
        self, standing: AlertContext, judgements: Sequence[Judgement], progress: EscalationProgress | None
    ) -> datetime:
        """Return when the passing of time alone may change the decision."""
        if any(judgement.last.reason in _FOR_OTHERS for judgement in judgements):
            return self._now
        ends = [
            _next_call(progress),
            standing.window.until if standing.window is not None else None,
            standing.silence.ends_at if standing.silence is not None else None,
            standing.exception.ends_at if standing.exception is not None else None,
            standing.calm_at,
            standing.undecided_until,
            *(judgement.until for judgement in judgements),
        ]
        to_come: list[datetime] = [at for at in ends if at is not None and at > self._now]
        return min([*to_come, _round_after(self._now)])


def _undecided_until(alert: AlertRecord) -> datetime | None:
    if UNDECIDED not in alert.labels:
        return None
    return alert.opened_at + (TOGETHER if alert.trouble.is_down else UNDECIDED_FOR)


def _value_key(alert: AlertRecord) -> str | None:
    """Return the key of the alert about the value whose absence *alert* is about."""
    key = alert.key.removesuffix(NO_DATA_SUFFIX)
    return key if key != alert.key else None


def _next_call(progress: EscalationProgress | None) -> datetime | None:
    if progress is None:
        return None
    return escalation.next_at(progress.steps, done=progress.done, began_at=progress.began_at)


def _incident(alert: AlertRecord, route: Route) -> int | None:
    """Return the announcement that opened the incident of *alert*, where the place has incidents."""
    return alert.past.first_told(route.destination) if route.way.opens_incidents else None


def _waits(judgements: Sequence[Judgement]) -> bool:
    return any(judgement.last.reason in _WAITING for judgement in judgements)


def _passed(alert: AlertRecord, candidate: Candidate, judgement: Judgement) -> PassedNotice:
    before = candidate.told.condition if candidate.told is not None else None
    way = candidate.route.way
    return PassedNotice(
        alert,
        candidate.kind,
        alert.level,
        candidate.route,
        judgement.last.reason,
        before,
        is_digest=judgement.is_digest and way.gathers and not way.opens_incidents,
        incident=_incident(alert, candidate.route),
        is_flapping=candidate.standing.is_flapping or candidate.is_swinging,
    )


def _outcome(route: Route, judgement: Judgement) -> NoticeOutcome:
    return NoticeOutcome(
        destination=route.destination,
        recipients=route.recipients,
        rule_id=route.rule_id,
        rule_citation=route.rule_citation,
        passed=judgement.last.passes,
        stage=judgement.stage,
        reason=judgement.last.reason,
        detail=judgement.last.detail,
        trail=judgement.trail,
    )


def _dead_end(end: DeadEnd) -> NoticeOutcome:
    return NoticeOutcome(
        destination="",
        recipients=(end.recipient,) if end.recipient else (),
        rule_id=end.rule_id,
        rule_citation=end.rule_citation,
        passed=False,
        stage="route",
        reason=end.reason,
        detail=end.detail,
        trail=(("route", end.reason),),
    )


def _is_new(outcome: NoticeOutcome, alert: AlertRecord) -> bool:
    there = place(outcome.destination, outcome.rule_id, outcome.recipients)
    return alert.past.said.get(there) != (outcome.reason, outcome.detail)


def _round_after(now: datetime) -> datetime:
    """Return when to look again at what may have changed with time: the same moment for all alerts.

    One look at fifty alerts costs hardly more than one at a single alert.
    """
    later = now + AT_LEAST_EVERY
    return later - (later - datetime.min.replace(tzinfo=UTC)) % AT_LEAST_EVERY
