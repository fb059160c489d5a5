"""Decisions about alerts: whether one is an incident, of which it is a part, how much fails. Pure.

A monitor's 異常 is not 全停止. The rule proposes by what is known, with its reason; a person confirms.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from toban.design.clauses.incident import IncidentScope
from toban.design.values.metric import Metric
from toban.design.values.severity import AlertLevel
from toban.engine.notify.routing.muting import Causes, OpenAlert, beneath
from toban.engine.notify.signal import EVENT, LEVEL_OF, UNREACHABLE, WHOLE_TARGET, Condition
from toban.engine.spans import Span
from toban.message import Message

_OF_CUSTOMERS = (Metric.ERROR_RATE, Metric.RESPONSE_TIME, Metric.AVAILABILITY)
"""What customers themselves notice."""
_SERVICE_LEVEL = "level"
"""The `item` of alerts about service levels."""
_SCOPES = tuple(IncidentScope)
_LEVELS = tuple(AlertLevel)


@dataclass(frozen=True, slots=True)
class SeenAlert:
    """An alert, as far as these decisions need it."""

    number: int
    key: str
    clause_id: str
    subject: Message
    condition: Condition
    began_at: datetime
    decided_at: datetime
    """When Toban decided that it is as bad as this."""
    resolved_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """The target, or the batch, that it is about; empty if it is about how people work.

        One from outside that names no target is about what its rule is called.
        """
        named = self.labels.get("target") or self.labels.get("batch", "")
        return named or (self.item if "sender" in self.labels else "")

    @property
    def item(self) -> str:
        """What is measured."""
        return self.labels.get("item", "")

    @property
    def is_trouble(self) -> bool:
        """Whether it can belong to an incident at all.

        An event is over as it happens, and an information says that nothing is wrong. An alert about no
        target is about the document, its tasks or approvals: customers do not suffer from these.
        """
        return bool(self.about) and EVENT not in self.labels and self.condition is not Condition.INFO

    @property
    def level(self) -> AlertLevel:
        """How grave it is: that nothing of a target can be reached is as grave as a bad value."""
        is_away = self.condition is Condition.NO_DATA and UNREACHABLE in self.labels
        return AlertLevel.CRITICAL if is_away else LEVEL_OF[self.condition]

    @property
    def trouble(self) -> OpenAlert:
        """The alert as inhibition sees it."""
        return OpenAlert(self.key, self.subject, self.condition, self.labels)


@dataclass(frozen=True, slots=True)
class Proposal:
    """How much fails, by what is known, and why that is thought."""

    scope: IncidentScope
    why: Message
    is_whole: bool = False
    """Whether it speaks of a whole target, and not of the one instance that an alert names."""


def proposal_of(alerts: Iterable[SeenAlert]) -> Proposal | None:
    """Return the proposal for an incident of *alerts*: the worst of what they say; None without any."""
    found = [proposed(each) for each in alerts]
    return min(found, key=lambda each: _SCOPES.index(each.scope), default=None)


def newest_saying(scope: IncidentScope, alerts: Iterable[SeenAlert]) -> SeenAlert:
    """Return the newest of *alerts* by which so much fails."""
    agreeing = (each for each in alerts if proposed(each).scope is scope)
    return max(agreeing, key=lambda each: (each.decided_at, each.number))


def proposed(alert: SeenAlert) -> Proposal:
    """Return how much fails by *alert* alone."""
    target, is_whole = alert.about, WHOLE_TARGET in alert.labels
    if UNREACHABLE in alert.labels and alert.level is AlertLevel.CRITICAL:
        return Proposal(IncidentScope.EVERYTHING, Message("incident.nothing-answers", target=target), True)
    if alert.level is not AlertLevel.CRITICAL:
        return Proposal(IncidentScope.SLIGHT, Message("incident.not-critical", subject=alert.subject))
    if alert.item == Metric.UP and is_whole:
        return Proposal(IncidentScope.EVERYTHING, Message("incident.all-are-down", target=target), True)
    if alert.item in _OF_CUSTOMERS and is_whole:
        said = Message("incident.whole-target-is-bad", target=target, subject=alert.subject)
        return Proposal(IncidentScope.MAIN, said, True)
    if alert.item == _SERVICE_LEVEL:
        return Proposal(IncidentScope.PART, Message("incident.service-level", subject=alert.subject))
    if "sender" in alert.labels:
        # Somebody called it critical; nothing says how much fails.
        return Proposal(IncidentScope.PART, Message("incident.said-outside", subject=alert.subject))
    if alert.item in tuple(Metric):
        code = "incident.resource-is-bad" if is_whole else "incident.one-instance-is-bad"
        return Proposal(IncidentScope.PART, Message(code, target=target, subject=alert.subject))
    return Proposal(IncidentScope.SLIGHT, Message("incident.not-a-service", subject=alert.subject))


def detected_at(alert: SeenAlert, holds: Iterable[Span]) -> datetime:
    """Return from when on *alert* counts: when it was decided, or when the last of *holds* that hold it ends.

    Within planned maintenance, and while somebody has silenced it or accepted it with an end, nobody is told
    of it: no clock runs either. If it still fires afterwards, it counts from then.
    """
    at = alert.decided_at
    for start, end in sorted(holds):
        if start <= at < end:
            at = end
    return at


class PlacingReason(StrEnum):
    """Why an alert joins an incident, is one, or is none."""

    NO_TROUBLE = "no-trouble"
    HELD = "held"
    """Planned maintenance, a silence or an exception covers it."""
    SAME_TARGET = "same-target"
    BY_CAUSE = "by-cause"
    """The alert that inhibits it belongs to the incident."""
    SOON_AFTER = "soon-after"
    CAUSED = "caused"
    """Another alert inhibits it, and is no incident."""
    NOT_GRAVE = "not-grave"
    """The document's conditions for an incident are not met, and no open one is about its target."""
    NEW = "new"
    """It is an incident of its own."""


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident that is not closed, as far as these decisions need it."""

    number: int
    targets: frozenset[str]
    detected_at: datetime
    newest_at: datetime
    """When the newest of its alerts was opened."""
    recovered_at: datetime | None = None

    def takes(self, about: str, at: datetime, within: timedelta) -> bool:
        """Return whether trouble of *about* that is seen at *at* is its own.

        What was seen long before it, or long after it was over, is something else.
        """
        is_over = self.recovered_at is not None and at > self.recovered_at + within
        return about in self.targets and at >= self.detected_at - within and not is_over

    def spreads(self, at: datetime, within: timedelta) -> bool:
        """Return whether it still spreads at *at*."""
        return self.recovered_at is None and self.detected_at - within <= at <= self.newest_at + within


@dataclass(frozen=True, slots=True)
class PlacingTerms:
    """What the bindings say about it."""

    declare_from: AlertLevel
    join_within: timedelta
    runs_on: Mapping[str, str] = field(default_factory=dict)
    """Target → the target that it runs on."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An alert that becomes a part of an incident."""

    alert: SeenAlert
    at: datetime
    """From when on it counts."""
    reason: PlacingReason
    incident: int
    """The incident's number; a negative one stands for an incident that is new."""


class Placer:
    """Places alerts one after the other: each may join the incident that the one before it has become."""

    def __init__(
        self,
        incidents: Iterable[OpenIncident],
        causes: Causes,
        holds: Callable[[SeenAlert], Iterable[Span]],
        terms: PlacingTerms,
        now: datetime,
    ) -> None:
        """*incidents* are not closed, the newest first; *holds* returns when nobody is told of an alert."""
        self._incidents = list(incidents)
        self._causes, self._holds, self._terms, self._now = causes, holds, terms, now
        self._new = 0

    def place(self, alert: SeenAlert) -> tuple[PlacingReason, Placed | None]:
        """Return what becomes of *alert*, and why."""
        reason, at, incident = self._decide(alert)
        if reason is PlacingReason.NEW:
            self._new -= 1
            incident = OpenIncident(self._new, frozenset({alert.about}), at, at)
        if incident is None:
            return reason, None
        grown = replace(
            incident,
            targets=incident.targets | {alert.about},
            newest_at=max(incident.newest_at, at),
            recovered_at=incident.recovered_at if alert.resolved_at is not None else None,
        )
        self._incidents = [grown, *(each for each in self._incidents if each.number != grown.number)]
        return reason, Placed(alert, at, reason, incident.number)

    def _decide(self, alert: SeenAlert) -> tuple[PlacingReason, datetime, OpenIncident | None]:
        at = alert.decided_at
        if not alert.is_trouble:
            return PlacingReason.NO_TROUBLE, at, None
        cause = self._causes.of(alert.trouble, self._terms.runs_on)
        is_grave = reaches(alert.level, self._terms.declare_from)
        is_known = any(alert.about in each.targets for each in self._incidents)
        if cause is None and not is_grave and not is_known:
            return PlacingReason.NOT_GRAVE, at, None
        at = detected_at(alert, self._holds(alert))
        if at > self._now or (alert.resolved_at is not None and at >= alert.resolved_at):
            return PlacingReason.HELD, at, None
        if own := self._taking(alert.about, at):
            return PlacingReason.SAME_TARGET, at, own
        if cause is not None:
            # What is inhibited is never an incident of its own: its cause is, or is none.
            own = self._taking(cause.target, at)
            return PlacingReason.BY_CAUSE if own else PlacingReason.CAUSED, at, own
        if not is_grave:
            return PlacingReason.NOT_GRAVE, at, None
        own = next((each for each in self._incidents if each.spreads(at, self._terms.join_within)), None)
        return PlacingReason.SOON_AFTER if own else PlacingReason.NEW, at, own

    def _taking(self, about: str, at: datetime) -> OpenIncident | None:
        within = self._terms.join_within
        return next((each for each in self._incidents if each.takes(about, at, within)), None)


def candidates(
    alerts: Iterable[SeenAlert], incidents: Iterable[OpenIncident], terms: PlacingTerms
) -> list[SeenAlert]:
    """Return those of *alerts* that may be, or join, an incident, in the order in which they are placed.

    Thousands of warnings elsewhere may be open: they are looked at no further.
    """
    troubles = [each for each in alerts if each.is_trouble]
    grave = [each for each in troubles if reaches(each.level, terms.declare_from)]
    known = {each.about for each in grave}.union(*(each.targets for each in incidents))
    concerned = (each for each in troubles if known.intersection(beneath(each.about, terms.runs_on)))
    return in_turn(concerned)


def in_turn(alerts: Iterable[SeenAlert]) -> list[SeenAlert]:
    """Return *alerts* in the order in which they are placed: what may be the cause of others comes first."""
    return sorted(alerts, key=lambda each: (each.item != Metric.UP, each.decided_at, each.number))


def reaches(level: AlertLevel, least: AlertLevel) -> bool:
    """Return whether *level* is as grave as *least*, or graver."""
    return _LEVELS.index(level) <= _LEVELS.index(least)
