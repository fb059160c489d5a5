"""From open alerts to the outbox, through the stages; each stage's decision is recorded.

Level-triggered: what to announce follows from the tables alone, never from the memory of a process. A look
that is repeated, or made by several workers, announces nothing twice.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import batched

from django.db import transaction

from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.engine.evidence import ledger, status
from toban.engine.notify import alerts
from toban.engine.notify.counters import STAGE_TOTAL
from toban.engine.notify.deciding import digests, snapshot
from toban.engine.notify.deciding.decisions import AlertDecision, decide
from toban.engine.notify.deciding.drills import DrillsAmong, none_among
from toban.engine.notify.delivery import attempts, queue
from toban.engine.notify.delivery.handing_on import hand_on
from toban.engine.notify.delivery.posts import OUTBOXES
from toban.engine.notify.duty import escalation
from toban.engine.notify.duty.handover import tell_handovers
from toban.engine.notify.duty.overrides import with_those_on_duty
from toban.engine.notify.inwards import end_unsent
from toban.engine.notify.models import Alert, DigestTurn, Escalation, StageOutcome
from toban.engine.notify.routing import grouping, matrix
from toban.engine.notify.routing.contacts import Contacts

_AT_ONCE = 200
"""SQLite takes a limited number of parameters."""


def announce(
    design: Design,
    contacts: Contacts,
    now: datetime,
    *,
    everything: bool = True,
    drills: DrillsAmong = none_among,
) -> int:
    """Put into the outbox the notifications that are due now, and return the number of deliveries.

    One transaction: alerts, notifications, deliveries, the reasons and the status of the matrix's rows.
    Without *everything*, alerts that are not due for another look are left out. *everything* is required
    whenever the document or the bindings have changed since the last look. *drills* tells which alerts were
    made on purpose.
    """
    with transaction.atomic():
        # The first lock in every transaction that writes evidence, so that no two wait for each other.
        ledger.hold()
        if everything:
            alerts.withdraw({clause.id for clause in design.clauses}, now)
            for each in OUTBOXES:
                attempts.abandon(each, {way.name for way in contacts.ways}, now)
        end_unsent(now)
        _restamp(now)
        tell_handovers(design, contacts, now)
        contacts = with_those_on_duty(design, contacts, now)
        due = digests.take(design.of(NotificationRule), contacts.calendar, now)
        seen = snapshot.load(now, everything=everything, digests=due)
        decisions = decide(design, contacts, seen)
        queued = _write(decisions, contacts, now, drills) + hand_on(
            design.of(NotificationRule), contacts, now
        )
        status.show(matrix.statuses(design.of(NotificationRule), contacts, now), now, design.digest)
    for decision in decisions:
        for outcome in decision.outcomes:
            STAGE_TOTAL.labels(outcome.stage, outcome.reason).inc()
    return queued


def _restamp(now: datetime) -> None:
    """Move waiting times that begin in the future to *now*: a clock was set back after they were written."""
    for each in OUTBOXES:
        attempts.restamp(each, now)
    Escalation.objects.filter(began_at__gt=now + attempts.AHEAD).update(began_at=now)
    DigestTurn.objects.filter(at__gt=now + attempts.AHEAD).update(at=now)


def _write(decisions: Sequence[AlertDecision], contacts: Contacts, now: datetime, drills: DrillsAmong) -> int:
    """Write all decisions, and return the number of deliveries that they put into the outbox."""
    StageOutcome.objects.bulk_create(_outcomes(decisions, now), batch_size=_AT_ONCE)
    _write_looks(decisions)
    _write_escalations(decisions)
    passed = [each for decision in decisions for each in decision.passed]
    drilled = drills([each.alert for each in passed])
    return queue.put(grouping.messages(passed), contacts, now, drilled)


def _outcomes(decisions: Sequence[AlertDecision], now: datetime) -> Iterator[StageOutcome]:
    for decision in decisions:
        for outcome in decision.outcomes:
            yield StageOutcome(
                alert_id=decision.alert.id,
                at=now,
                condition=decision.alert.condition,
                destination=outcome.destination,
                recipients=outcome.recipients,
                rule_id=outcome.rule_id,
                rule_citation=outcome.rule_citation,
                passed=outcome.passed,
                stage=outcome.stage,
                reason=outcome.reason,
                detail=outcome.detail,
                trail=[list(step) for step in outcome.trail],
            )


def _write_looks(decisions: Sequence[AlertDecision]) -> None:
    """Write when to look at each alert again: one statement for all of which the same is true."""
    alike: dict[tuple[bool, datetime, bool], list[int]] = defaultdict(list)
    for decision in decisions:
        alert = decision.alert
        is_told = alert.acknowledgement_told or alert.acknowledged_at is not None
        alike[decision.is_settled, decision.look_at, is_told].append(alert.id)
    for (is_settled, look_at, is_told), ids in alike.items():
        for some in batched(ids, _AT_ONCE):
            Alert.objects.filter(pk__in=some).update(
                settled=is_settled, look_at=look_at, acknowledgement_told=is_told
            )


def _write_escalations(decisions: Sequence[AlertDecision]) -> None:
    begun = []
    for decision in decisions:
        alert, before, after = decision.alert, decision.alert.past.escalation, decision.escalation
        if after is None or after == before:
            continue
        if before is None:
            policy = escalation.written(after.steps)
            began = Escalation(
                alert_id=alert.id, policy=policy, began_at=after.began_at, steps_done=after.done
            )
            begun.append(began)
        else:
            Escalation.objects.filter(alert=alert.id).update(steps_done=after.done)
    Escalation.objects.bulk_create(begun, batch_size=_AT_ONCE)
