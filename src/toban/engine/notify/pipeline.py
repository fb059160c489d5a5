"""From open alerts to the outbox: route → maintenance → dedup, each stage's word recorded.

Level-triggered: what is to be told follows from the tables alone, never from what a process remembers. A
look that is repeated, or made by several workers, announces nothing twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import uuid4

from django.db import transaction

from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import MaintenanceWindow
from toban.design.reader import Design
from toban.design.values.severity import AlertLevel
from toban.engine.evidence import ledger, status
from toban.engine.notify import alerts, matrix, outbox, words
from toban.engine.notify.contacts import Contacts, Way
from toban.engine.notify.counters import STAGE_TOTAL
from toban.engine.notify.maintenance import open_window
from toban.engine.notify.models import Alert, Announcement, Delivery, StageOutcome
from toban.engine.notify.notice import NoticeKind
from toban.engine.notify.reason import WORDS, Reason
from toban.engine.notify.routing import DeadEnd, Route, Routing, routing_of, rules_for
from toban.engine.notify.signal import LEVEL_OF, Condition
from toban.engine.notify.stages import Candidate, Judgement, Situation, Told, judge


@dataclass(frozen=True, slots=True)
class _Past:
    """What became of an alert so far."""

    deliveries: tuple[Delivery, ...]
    """The oldest first."""
    outcomes: Mapping[tuple[str, str, str], StageOutcome]
    """The last one by destination, rule and recipient."""


def announce(design: Design, contacts: Contacts, now: datetime) -> int:
    """Put into the outbox what somebody should be told now, and return how many deliveries that makes.

    One transaction: alerts, notices, deliveries, the reasons and the status of the matrix's rows.
    """
    with transaction.atomic():
        # First of all locks, in every transaction that writes evidence: no two wait for each other.
        ledger.hold()
        alerts.withdraw({clause.id for clause in design.clauses}, now)
        outbox.abandon({way.name for way in contacts.ways}, now)
        look = _Look(design, contacts, now)
        queued = sum(look.at(alert, past) for alert, past in _unsettled())
        status.show(matrix.statuses(design.of(NotificationRule), contacts, now), now, design.digest)
    for stage, reason in look.counts:
        STAGE_TOTAL.labels(stage, reason).inc()
    return queued


def _unsettled() -> Iterator[tuple[Alert, _Past]]:
    """Every alert that is open or whose recovery has not been dealt with, and its past."""
    found = list(Alert.objects.filter(settled=False).order_by("id"))
    ids = [alert.id for alert in found]
    deliveries: dict[int, list[Delivery]] = defaultdict(list)
    outcomes: dict[int, dict[tuple[str, str, str], StageOutcome]] = defaultdict(dict)
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        sent = Delivery.objects.filter(announcement__alert__in=some).select_related("announcement")
        for delivery in sent.order_by("id"):
            deliveries[delivery.announcement.alert_id].append(delivery)
        for outcome in StageOutcome.objects.filter(alert__in=some).order_by("id"):
            outcomes[outcome.alert_id][_place(outcome)] = outcome
    for alert in found:
        yield alert, _Past(tuple(deliveries[alert.id]), outcomes[alert.id])


def _place(outcome: StageOutcome) -> tuple[str, str, str]:
    # A dead end has no destination: there the row and the recipient tell one from the other.
    if outcome.destination:
        return outcome.destination, "", ""
    return "", outcome.rule_id, outcome.recipient


class _Look:
    """One look at all alerts, under one document and one set of bindings."""

    def __init__(self, design: Design, contacts: Contacts, now: datetime) -> None:
        self._contacts = contacts
        self._now = now
        rules = design.of(NotificationRule)
        self._routing = {level: routing_of(rules_for(rules, level), contacts) for level in AlertLevel}
        self._has_rows = {level for level in AlertLevel if rules_for(rules, level)}
        self._situation = Situation(
            open_window(
                design.of(MaintenanceWindow),
                zone=contacts.zone,
                keeps_holidays=contacts.keeps_holidays,
                now=now,
            )
        )
        self.counts: list[tuple[str, str]] = []

    def at(self, alert: Alert, past: _Past) -> int:
        """Record what the stages say of *alert*, queue what passes, and return how many that is."""
        kind, condition = _kind(alert), Condition(alert.condition)
        level = LEVEL_OF[condition]
        routing = self._routes(kind, level, past)
        if level not in self._has_rows:
            self._record_end(alert, past, DeadEnd("", "", "", Reason.NO_MATRIX_ROW, _no_row(level)))
        for dead_end in routing.dead_ends:
            self._record_end(alert, past, dead_end)
        passed = []
        for route in routing.routes:
            told = _told(past, route, kind)
            judgement = judge(Candidate(kind, condition, route, told), self._situation)
            self._record(alert, past, route, judgement)
            if judgement.last.passes:
                passed.append((route, told))
        if passed:
            self._queue(alert, kind, level, passed)
        if alert.resolved_at is not None:
            alert.settled = True
            alert.save(update_fields=["settled"])
        return len(passed)

    def _routes(self, kind: NoticeKind, level: AlertLevel, past: _Past) -> Routing:
        """Where the matrix leads; relief also reaches everybody who was told of the trouble."""
        by_matrix = self._routing[level]
        told = {route.destination: route for route in self._told_routes(past)}
        if kind is not NoticeKind.RECOVERED:
            routes = {**told, **{route.destination: route for route in by_matrix.routes}}
            return Routing(tuple(routes.values()), by_matrix.dead_ends)
        if not told:
            return Routing(by_matrix.routes, ())
        # That trouble is over is information: the matrix's 情報 row hears of it too.
        info = {route.destination: route for route in self._routing[AlertLevel.INFO].routes}
        return Routing(tuple({**info, **told}.values()), ())

    def _told_routes(self, past: _Past) -> Iterable[Route]:
        ways: Mapping[str, Way] = {way.name: way for way in self._contacts.ways}
        for delivery in past.deliveries:
            way = ways.get(delivery.channel)
            if way is not None:
                yield Route(
                    delivery.rule_id,
                    delivery.rule_citation,
                    delivery.recipient,
                    way,
                    delivery.address,
                    Reason.TOLD_BEFORE,
                )

    def _record(self, alert: Alert, past: _Past, route: Route, judgement: Judgement) -> None:
        self._write(
            past,
            StageOutcome(
                alert=alert,
                at=self._now,
                condition=alert.condition,
                destination=route.destination,
                recipient=route.recipient,
                rule_id=route.rule_id,
                rule_citation=route.rule_citation,
                passed=judgement.last.passes,
                stage=judgement.stage,
                reason=judgement.last.reason,
                detail=judgement.last.detail,
                trail=[list(step) for step in judgement.trail],
            ),
        )

    def _record_end(self, alert: Alert, past: _Past, end: DeadEnd) -> None:
        self._write(
            past,
            StageOutcome(
                alert=alert,
                at=self._now,
                condition=alert.condition,
                recipient=end.recipient,
                rule_id=end.rule_id,
                rule_citation=end.rule_citation,
                passed=False,
                stage="route",
                reason=end.reason,
                detail=end.detail,
                trail=[["route", end.reason]],
            ),
        )

    def _write(self, past: _Past, outcome: StageOutcome) -> None:
        last = past.outcomes.get(_place(outcome))
        if last is not None and (last.reason, last.detail) == (outcome.reason, outcome.detail):
            return
        outcome.save(force_insert=True)
        self.counts.append((outcome.stage, outcome.reason))

    def _queue(
        self,
        alert: Alert,
        kind: NoticeKind,
        level: AlertLevel,
        passed: Sequence[tuple[Route, Told | None]],
    ) -> None:
        before = next((told.condition for _, told in passed if told is not None), None)
        story = _story(alert, self._contacts.system)
        announcement = Announcement.objects.create(
            alert=alert,
            kind=kind,
            condition=alert.condition,
            level=level,
            title=words.title(kind, story, before),
            facts=words.facts(kind, story, self._contacts.zone, self._now),
            at=self._now,
            url=_page(self._contacts.public_url, alert),
        )
        Delivery.objects.bulk_create(
            Delivery(
                announcement=announcement,
                key=uuid4().hex,
                destination=route.destination,
                channel=route.way.name,
                address=route.address,
                recipient=route.recipient,
                rule_id=route.rule_id,
                rule_citation=route.rule_citation,
                created_at=self._now,
                next_at=self._now,
            )
            for route, _ in passed
        )


def _kind(alert: Alert) -> NoticeKind:
    if alert.resolved_at is not None:
        return NoticeKind.RECOVERED
    return NoticeKind.NO_DATA if alert.condition == Condition.NO_DATA else NoticeKind.FIRING


def _told(past: _Past, route: Route, kind: NoticeKind) -> Told | None:
    """What the place was told last; the 情報 row, told of nothing before, counts as if it had been."""
    there = [delivery for delivery in past.deliveries if delivery.destination == route.destination]
    if not there and kind is NoticeKind.RECOVERED and past.deliveries:
        there = list(past.deliveries)
    if not there:
        return None
    last = there[-1]
    was_lost = all(delivery.state == Delivery.State.FAILED for delivery in there)
    return Told(NoticeKind(last.announcement.kind), Condition(last.announcement.condition), was_lost)


def _story(alert: Alert, system: str) -> words.Story:
    return words.Story(
        subject=alert.subject,
        condition=Condition(alert.condition),
        value=alert.value,
        limit=alert.limit,
        advice=alert.advice,
        began_at=alert.began_at,
        detected_at=alert.opened_at,
        ended_at=alert.resolved_at,
        system=system,
    )


def _no_row(level: AlertLevel) -> str:
    name = {AlertLevel.CRITICAL: "異常", AlertLevel.WARNING: "警告", AlertLevel.INFO: "情報"}[level]
    return f"{WORDS[Reason.NO_MATRIX_ROW]}: {name}。運用設計書のアラート通知の表に行を足してください"


def _page(public_url: str, alert: Alert) -> str:
    """The living page, with the alert's row chosen."""
    return f"{public_url}/?row={quote(alert.clause_id, safe='/')}" if public_url else ""
