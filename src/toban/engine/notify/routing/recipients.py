"""Recipients of an alert: from the matrix, those notified before, and those called by escalation. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from toban.design.clauses.duty import DutyRole
from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.design.values.delivery import AT_ONCE, DeliveryTiming
from toban.design.values.people import Role
from toban.design.values.severity import AlertLevel
from toban.engine.notify.deciding.records import AlertRecord, SentNotice
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.delivery.words import condition_word
from toban.engine.notify.duty.reach import emergency_contact
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.routing import DeadEnd, Route, Routing, routing_of, rules_for
from toban.engine.notify.signal import PERSONAL
from toban.message import NOTHING, Message, plain


class Recipients:
    """The recipients that the document and the bindings name at one moment."""

    def __init__(self, design: Design, contacts: Contacts, now: datetime) -> None:
        self._contacts = contacts
        self._ways = {way.name: way for way in contacts.ways}
        self._rules = {level: rules_for(design.of(NotificationRule), level) for level in AlertLevel}
        self._by_matrix = {level: routing_of(rules, contacts) for level, rules in self._rules.items()}
        self._timings = {
            (route.rule_id, route.destination): route.timings
            for routing in self._by_matrix.values()
            for route in routing.routes
        }
        self._off_hours = self._out_of_hours(design.of(DutyRole), now)

    def of(self, alert: AlertRecord) -> Routing:
        """Return where a notification of *alert* may go, and whom it can't reach."""
        found = self._relief(alert) if alert.kind is NoticeKind.RECOVERED else self._trouble(alert)
        if alert.people:
            # The people (or roles) that it is about are notified by all their ways.
            is_handover = alert.labels.get("item") == "duty"
            reason = NoticeReason.HANDED_OVER if is_handover else NoticeReason.CONCERNED
            also = self.roles(alert.people, plain(alert.citation), reason)
            if PERSONAL in alert.labels:
                return also
            found = Routing(_once(also.routes, found.routes), (*found.dead_ends, *also.dead_ends))
        no_row = () if self._rules[alert.level] else (_no_row(alert.level),)
        # A channel's failure is not announced through that channel.
        routes = (route for route in found.routes if route.way.name != alert.labels.get("channel"))
        return Routing(tuple(routes), (*no_row, *found.dead_ends))

    def told(self, alert: AlertRecord) -> tuple[Route, ...]:
        """Return the places that were notified of *alert* and are still bound."""
        return self._places(alert.past.notices)

    def _places(self, notices: Iterable[SentNotice]) -> tuple[Route, ...]:
        return _once(
            Route(
                notice.rule_id,
                notice.rule_citation,
                notice.recipients,
                self._ways[notice.channel],
                notice.addresses,
                NoticeReason.TOLD_BEFORE,
                self._timings.get((notice.rule_id, notice.destination), ()),
            )
            for notice in notices
            if notice.channel in self._ways
        )

    def roles(
        self,
        roles: Sequence[str],
        ordered_by: Message,
        reason: NoticeReason,
        delivery: DeliveryTiming = AT_ONCE,
    ) -> Routing:
        """Return where *roles* are reached, by all their ways."""
        critical = self._rules[AlertLevel.CRITICAL]
        if not critical:
            return Routing()
        people = tuple(Role(role) for role in roles)
        rule = replace(critical[0], recipients=people, channels=(), delivery=delivery)
        found = routing_of([rule], self._contacts)
        routes = (replace(route, rule_citation=ordered_by, reason=reason) for route in found.routes)
        ends = (replace(end, rule_citation=ordered_by) for end in found.dead_ends)
        return Routing(tuple(routes), tuple(ends))

    def _trouble(self, alert: AlertRecord) -> Routing:
        by_matrix = self._by_matrix[alert.level]
        off_hours = self._off_hours if alert.level is AlertLevel.CRITICAL else Routing()
        # What went another way during an outage of a channel is not repeated there: it is handed on anew if
        # the channel is still down.
        told = self._places(each for each in alert.past.notices if not each.is_stand_in)
        return Routing(
            _once(off_hours.routes, told, self._for_digest(alert), by_matrix.routes),
            (*by_matrix.dead_ends, *off_hours.dead_ends),
        )

    def _relief(self, alert: AlertRecord) -> Routing:
        """Return the routes of a recovery, which also reaches everybody who was notified of the problem."""
        told = self.told(alert)
        if not told:
            return Routing(self._by_matrix[alert.level].routes)
        # A recovery is information: it also goes to the matrix's 情報 row.
        return Routing(_once(self._by_matrix[AlertLevel.INFO].routes, self._for_digest(alert), told))

    def _for_digest(self, alert: AlertRecord) -> Iterator[Route]:
        """Yield the digests that list *alert* even if its level has changed, or others know that it is over.

        A digest has everything since the last one: that of the alert's level now, and each that it waits for.
        """
        for level, routing in self._by_matrix.items():
            for route in routing.routes:
                waits = alert.past.reason_at(route.destination) == NoticeReason.FOR_DIGEST
                if route.is_digest and (waits or level is alert.level):
                    yield route

    def _out_of_hours(self, duties: Sequence[DutyRole], now: datetime) -> Routing:
        """Return whom the assumption for off hours adds to the rows of critical alerts at *now*."""
        moment = now.astimezone(self._contacts.zone)
        holidays = self._contacts.business.days_off_around(moment.date())
        vacant = {role for role, held in self._contacts.on_duty.items() if not held}
        found = emergency_contact(self._rules[AlertLevel.CRITICAL], duties, moment, holidays, vacant)
        if found is None:
            return Routing()
        ordered_by = Message("notify.assumed-off-hours", row=found.origin)
        # The row itself may say that the notification waits.
        delivery = self._rules[AlertLevel.CRITICAL][0].delivery
        return self.roles([found.role], ordered_by, NoticeReason.OFF_HOURS, delivery)


def _once(*routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return each place once: in the order of first mention, with the route that named it last."""
    by_place: Mapping[str, Route] = {route.destination: route for some in routes for route in some}
    return tuple(by_place.values())


def _no_row(level: AlertLevel) -> DeadEnd:
    detail = Message(
        "notify.dead-end",
        why=NoticeReason.NO_MATRIX_ROW.said,
        recipient=condition_word(level.value),
        way_out=Message("notify.add-matrix-row"),
    )
    return DeadEnd("", NOTHING, "", NoticeReason.NO_MATRIX_ROW, detail)
