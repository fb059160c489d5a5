"""From open alerts to the outbox, through the stages; the word of each is recorded.

Level-triggered: what is to be told follows from the tables alone, never from what a process remembers. A
look that is repeated, or made by several workers, announces nothing twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max

from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import DutyRole, MaintenanceWindow
from toban.design.reader import Design
from toban.design.values.people import Role
from toban.design.values.severity import AlertLevel
from toban.engine.evidence import ledger, status
from toban.engine.notify import alerts
from toban.engine.notify.counters import STAGE_TOTAL
from toban.engine.notify.delivery import outbox, queue
from toban.engine.notify.delivery.handing_on import hand_on
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.duty import escalation
from toban.engine.notify.duty import reach as duty
from toban.engine.notify.duty.handover import PEOPLE, tell_handovers
from toban.engine.notify.duty.overrides import with_those_on_duty
from toban.engine.notify.inwards import end_unsent
from toban.engine.notify.models import Alert, Delivery, Escalation, Maintenance, Silence, StageOutcome
from toban.engine.notify.past import AT_LEAST_EVERY, Past, place, unsettled
from toban.engine.notify.reason import WORDS, Reason
from toban.engine.notify.routing import flapping, grouping, matrix
from toban.engine.notify.routing.contacts import Contacts, Way
from toban.engine.notify.routing.grouping import Passed
from toban.engine.notify.routing.maintenance import Planned, open_window, window_for
from toban.engine.notify.routing.muting import Causes, Trouble
from toban.engine.notify.routing.routing import DeadEnd, Route, Routing, routing_of, rules_for
from toban.engine.notify.routing.silences import Quiet, lifted_at, silencing
from toban.engine.notify.routing.stages import Candidate, Judgement, Situation, Standing, judge
from toban.engine.notify.signal import LEVEL_OF, Condition

_HELD = frozenset({Reason.IN_MAINTENANCE, Reason.MUTED, Reason.SILENCED})
"""Why an alert that nobody has taken on is not escalated, either."""


def announce(design: Design, contacts: Contacts, now: datetime, *, everything: bool = True) -> int:
    """Put into the outbox what somebody should be told now, and return how many deliveries that makes.

    One transaction: alerts, notices, deliveries, the reasons and the status of the matrix's rows. Without
    *everything*, alerts of which nothing new is to be expected yet are left out: it must be given whenever
    the document or the bindings are others than at the last look.
    """
    with transaction.atomic():
        # First of all locks, in every transaction that writes evidence: no two wait for each other.
        ledger.hold()
        if everything:
            alerts.withdraw({clause.id for clause in design.clauses}, now)
            outbox.abandon({way.name for way in contacts.ways}, now)
        end_unsent(now)
        _restamp(now)
        tell_handovers(design, contacts, now)
        contacts = with_those_on_duty(design, contacts, now)
        look = _Look(design, contacts, now)
        for alert, past in unsettled(now, everything=everything):
            look.at(alert, past)
        queued = look.finish() + hand_on(design.of(NotificationRule), contacts, now)
        status.show(matrix.statuses(design.of(NotificationRule), contacts, now), now, design.digest)
    for stage, reason in look.counts:
        STAGE_TOTAL.labels(stage, reason).inc()
    return queued


class _Look:
    """One look at all alerts, under one document and one set of bindings."""

    def __init__(self, design: Design, contacts: Contacts, now: datetime) -> None:
        self._contacts = contacts
        self._now = now
        self._rules = design.of(NotificationRule)
        self._duties = design.of(DutyRole)
        self._routing = {level: self._to(rules_for(self._rules, level)) for level in AlertLevel}
        self._has_rows = {level for level in AlertLevel if rules_for(self._rules, level)}
        self._window = open_window(
            design.of(MaintenanceWindow),
            zone=contacts.zone,
            business=contacts.business,
            now=now,
        )
        self._planned = list(_announced_maintenance(now))
        self._silences = list(_silences(now))
        self._causes = Causes(_trouble(alert) for alert in Alert.objects.filter(resolved_at=None))
        self._newest = _newest_flaps()
        self._situation = Situation(now, contacts.zone, contacts.notices.repeat, _busy(now))
        self._calls = escalation.policy(contacts.notices, self._duties, contacts.file)
        self._emergency = self._out_of_hours()
        self._passed: list[Passed] = []
        self._outcomes: list[StageOutcome] = []
        self._looked_at: list[Alert] = []
        self.counts: list[tuple[str, str]] = []

    def at(self, alert: Alert, past: Past) -> None:
        """Note what the stages say of *alert*, and what passes."""
        kind, condition = _kind(alert), Condition(alert.condition)
        level = LEVEL_OF[condition]
        routing = self._routes(kind, level, past)
        if PEOPLE in alert.labels:
            routing = self._and_to(alert.labels[PEOPLE].split("、"), alert.citation, routing)
        if level not in self._has_rows:
            self._note_end(alert, past, DeadEnd("", "", "", Reason.NO_MATRIX_ROW, _no_row(level)))
        for dead_end in routing.dead_ends:
            self._note_end(alert, past, dead_end)
        standing = self._standing(alert)
        judgements = []
        # That a channel is down is not told through that channel.
        for route in (each for each in routing.routes if each.way.name != alert.labels.get("channel")):
            told = past.told(route.destination, kind)
            judgement = judge(Candidate(kind, condition, route, told, standing), self._situation)
            judgements.append(judgement)
            self._note(alert, past, route, judgement)
            if judgement.last.passes:
                before = told.condition if told is not None else None
                self._passed.append(Passed(alert, kind, level, route, judgement.last.reason, before))
        self._tell_who_took_it(alert, past, level)
        next_call = self._escalate(alert, past, level, judgements)
        self._settle(alert, standing, judgements, next_call)

    def finish(self) -> int:
        """Write all that was noted, and return how many deliveries wait because of it."""
        StageOutcome.objects.bulk_create(self._outcomes, batch_size=200)
        fields = ("settled", "look_at", "acknowledgement_told")
        Alert.objects.bulk_update(self._looked_at, fields, batch_size=200)
        return queue.put(grouping.messages(self._passed), self._contacts, self._now)

    def _to(self, rules: Iterable[NotificationRule]) -> Routing:
        return routing_of(rules, self._contacts)

    def _routes(self, kind: NoticeKind, level: AlertLevel, past: Past) -> Routing:
        """Where the matrix leads; relief also reaches everybody who was told of the trouble."""
        by_matrix = self._routing[level]
        told = {route.destination: route for route in self._told_routes(past)}
        if kind is not NoticeKind.RECOVERED:
            off_hours = self._emergency if level is AlertLevel.CRITICAL else Routing()
            routes = (*off_hours.routes, *told.values(), *by_matrix.routes)
            return Routing(
                tuple({route.destination: route for route in routes}.values()),
                (*by_matrix.dead_ends, *off_hours.dead_ends),
            )
        if not told:
            return Routing(by_matrix.routes, ())
        # That trouble is over is information: the matrix's 情報 row hears of it too.
        info = {route.destination: route for route in self._routing[AlertLevel.INFO].routes}
        return Routing(tuple({**info, **told}.values()), ())

    def _and_to(self, names: Sequence[str], ordered_by: str, routing: Routing) -> Routing:
        """Add those whom it is about: they hear of it by all ways that they have."""
        also = self._roles(names, ordered_by, Reason.HANDED_OVER)
        routes = {route.destination: route for route in (*also.routes, *routing.routes)}
        return Routing(tuple(routes.values()), (*routing.dead_ends, *also.dead_ends))

    def _told_routes(self, past: Past) -> Iterator[Route]:
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

    def _out_of_hours(self) -> Routing:
        """Whom the assumption for off hours adds to the rows of critical alerts now."""
        moment = self._now.astimezone(self._contacts.zone)
        holidays = self._contacts.business.days_off_around(moment.date())
        vacant = {role for role, held in self._contacts.on_duty.items() if not held}
        rules = rules_for(self._rules, AlertLevel.CRITICAL)
        found = duty.emergency_contact(rules, self._duties, moment, holidays, vacant)
        if found is None:
            return Routing()
        return self._roles([found.role], f"{found.origin} (対応時間外、仮定)", Reason.OFF_HOURS)

    def _roles(self, roles: Sequence[str], ordered_by: str, reason: Reason) -> Routing:
        """Where *roles* are reached, by all ways that they have."""
        critical = rules_for(self._rules, AlertLevel.CRITICAL)
        if not critical:
            return Routing()
        rule = replace(critical[0], recipients=tuple(Role(role) for role in roles), channels=())
        routing = self._to([rule])
        routes = (replace(route, rule_citation=ordered_by, reason=reason) for route in routing.routes)
        ends = (replace(end, rule_citation=ordered_by) for end in routing.dead_ends)
        return Routing(tuple(routes), tuple(ends))

    def _standing(self, alert: Alert) -> Standing:
        labels, now = alert.labels, self._now
        return Standing(
            window=window_for(labels.get("target", ""), self._planned, self._window),
            muted_by=self._causes.of(_trouble(alert), self._contacts.runs_on),
            silence=silencing(self._silences, alert.clause_id, labels, now),
            lifted_at=lifted_at(self._silences, alert.clause_id, labels, now),
            is_acknowledged=alert.acknowledged_at is not None,
            released_at=alert.released_at,
            is_flapping=alert.flap_root_id is not None,
            calm_at=alert.resolved_at + flapping.CALM if alert.resolved_at is not None else None,
        )

    def _tell_who_took_it(self, alert: Alert, past: Past, level: AlertLevel) -> None:
        """Everybody who was told of the trouble hears who has taken it on."""
        if alert.acknowledged_at is None or alert.acknowledgement_told:
            return
        alert.acknowledgement_told = True
        if alert.resolved_at is None:
            told = {route.destination: route for route in self._told_routes(past)}
            self._passed += [
                Passed(alert, NoticeKind.ACKNOWLEDGED, level, route, Reason.ACKNOWLEDGED)
                for route in told.values()
            ]

    def _escalate(
        self, alert: Alert, past: Past, level: AlertLevel, judgements: Sequence[Judgement]
    ) -> datetime | None:
        """Call whoever is next while nobody has taken *alert* on; return when the step after that is due."""
        is_over = alert.resolved_at is not None or alert.acknowledged_at is not None
        if is_over or level is not AlertLevel.CRITICAL:
            return None
        under_way = past.escalation
        if under_way is None:
            if not any(judgement.last.passes for judgement in judgements):
                return None
            under_way = Escalation.objects.create(
                alert=alert, policy=escalation.written(self._calls), began_at=self._now
            )
        calls = escalation.read(under_way.policy)
        done, began_at = under_way.steps_done, under_way.began_at
        is_held = bool(judgements) and all(judgement.last.reason in _HELD for judgement in judgements)
        if not is_held:
            for call in escalation.due(calls, done=done, began_at=began_at, now=self._now):
                self._call(alert, past, call, level)
                done += 1
            if done != under_way.steps_done:
                under_way.steps_done = done
                under_way.save(update_fields=["steps_done"])
        return escalation.next_at(calls, done=done, began_at=began_at)

    def _call(self, alert: Alert, past: Past, call: escalation.Call, level: AlertLevel) -> None:
        routing = self._roles(call.roles, call.ordered_by, Reason.ESCALATED)
        for end in routing.dead_ends:
            self._note_end(alert, past, end)
        for route in routing.routes:
            self._passed.append(Passed(alert, _kind(alert), level, route, Reason.ESCALATED))

    def _settle(
        self,
        alert: Alert,
        standing: Standing,
        judgements: Sequence[Judgement],
        next_call: datetime | None,
    ) -> None:
        """Say whether anything is to come of *alert*, and when to look again."""
        waits = any(judgement.last.reason in (Reason.FLAPPING, Reason.GATHERING) for judgement in judgements)
        is_superseded = self._newest.get(alert.key, alert.pk) != alert.pk
        alert.settled = alert.resolved_at is not None and (not waits or is_superseded)
        ends = [
            next_call,
            standing.window.until if standing.window is not None else None,
            standing.silence.ends_at if standing.silence is not None else None,
            standing.calm_at,
            *(self._situation.busy_until.values() if waits else ()),
        ]
        to_come = [at for at in ends if at is not None and at > self._now]
        alert.look_at = min([*to_come, self._now + AT_LEAST_EVERY])
        self._looked_at.append(alert)

    def _note(self, alert: Alert, past: Past, route: Route, judgement: Judgement) -> None:
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

    def _note_end(self, alert: Alert, past: Past, end: DeadEnd) -> None:
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

    def _write(self, past: Past, outcome: StageOutcome) -> None:
        last = past.outcomes.get(place(outcome))
        if last is not None and (last.reason, last.detail) == (outcome.reason, outcome.detail):
            return
        self._outcomes.append(outcome)
        self.counts.append((outcome.stage, outcome.reason))


def _kind(alert: Alert) -> NoticeKind:
    if alert.resolved_at is not None and not alert.is_event:
        return NoticeKind.RECOVERED
    return NoticeKind.NO_DATA if alert.condition == Condition.NO_DATA else NoticeKind.FIRING


def _trouble(alert: Alert) -> Trouble:
    return Trouble(alert.key, alert.subject, Condition(alert.condition), alert.labels)


def _silences(now: datetime) -> Iterator[Quiet]:
    """Those that hold, and those that have ended lately enough for an open alert to be told again."""
    oldest = Alert.objects.filter(settled=False).order_by("opened_at").values_list("opened_at", flat=True)
    since = oldest.first() or now
    for each in Silence.objects.filter(starts_at__lte=now, ends_at__gte=since):
        yield each.quiet


def _announced_maintenance(now: datetime) -> Iterator[Planned]:
    for each in Maintenance.objects.holding(now):
        yield Planned(f"{each.author}: {each.reason}", frozenset(each.targets), each.ends_at)


def _newest_flaps() -> Mapping[str, int]:
    """The last alert of everything that flaps: the calm is counted from its end."""
    flapping = Alert.objects.filter(settled=False).exclude(flap_root=None).values_list("key", flat=True)
    newest = Alert.objects.filter(key__in=set(flapping)).values("key").annotate(newest=Max("id"))
    return {row["key"]: row["newest"] for row in newest.order_by()}


def _restamp(now: datetime) -> None:
    """Let what waits from a time to come wait from *now*: a clock has been set back since it was written."""
    outbox.restamp(now)
    Escalation.objects.filter(began_at__gt=now + outbox.AHEAD).update(began_at=now)


def _busy(now: datetime) -> Mapping[str, datetime]:
    # What was written ahead of now says nothing of it: a clock has been set back since.
    span = (now - timedelta(minutes=1), now + outbox.AHEAD)
    lately = Delivery.objects.filter(created_at__range=span).values("destination")
    told = lately.annotate(count=Count("id"), last=Max("created_at")).order_by()
    return grouping.busy_until({row["destination"]: (row["count"], row["last"]) for row in told})


def _no_row(level: AlertLevel) -> str:
    name = {AlertLevel.CRITICAL: "異常", AlertLevel.WARNING: "警告", AlertLevel.INFO: "情報"}[level]
    return f"{WORDS[Reason.NO_MATRIX_ROW]}: {name}。運用設計書のアラート通知の表に行を足してください"
