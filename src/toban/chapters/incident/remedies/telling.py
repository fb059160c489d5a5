"""The alerts about remedies: none has helped, or one is done again and again. Then people are called."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from toban.chapters.incident.models import RemedyUse
from toban.chapters.incident.plan import IncidentPlan, PlannedRemedy
from toban.chapters.incident.remedies import seen
from toban.chapters.incident.remedies.guard import PastUse, is_left_to_people, repeated
from toban.chapters.incident.remedies.seen import MatchedAlert, UsesSeen
from toban.design.clauses.incident import FailurePattern
from toban.engine.editions.edition import Edition
from toban.engine.notify.signal import Condition, Signal
from toban.message import NOTHING, Message

ITEM = "remedy"
"""The label `item` of these alerts."""
ABOUT = "about"
"""The label that holds their target."""
_TWICE = 2


def signals(plan: IncidentPlan, edition: Edition, now: datetime) -> Iterator[Signal]:
    """Yield how the remedies of each row stand for each of its targets."""
    pairs = {(each.row.id, target): each.row for each in plan.remedies for target in each.targets}
    if not pairs:
        return
    alerts = seen.open_alerts()
    found = seen.matched(plan, edition.design, alerts, now)
    uses = seen.uses_seen([each.alert for each in found], now)
    for (_, target), row in pairs.items():
        mine = [each for each in plan.remedies_of(row) if target in each.targets]
        concerned = [each for each in found if each.match.row.id == row.id and each.target == target]
        why = _left(concerned, mine, uses) or _again(mine, uses.of_target(target), now)
        yield _signal(plan, row, target, why, now)


def _left(alerts: Sequence[MatchedAlert], remedies: Sequence[PlannedRemedy], uses: UsesSeen) -> Message:
    """Say that all remedies were tried for an alert that is still open."""
    names = seen.names_of(remedies)
    for each in alerts:
        if is_left_to_people(names, uses.of_alert(each.alert, names)):
            last = [use for use in uses.uses if use.alert_id == each.alert.pk and use.remedy in names][-1]
            return Message("incident-remedies.people-are-needed", remedy=last.remedy, why=outcome_words(last))
    return NOTHING


def _again(remedies: Sequence[PlannedRemedy], past: Sequence[PastUse], now: datetime) -> Message:
    """Say that a remedy was done more than once within the hour: what it mends comes again."""
    for name in seen.names_of(remedies):
        if (count := repeated(name, past, now)) >= _TWICE:
            return Message("incident-remedies.done-again", remedy=name, count=count)
    return NOTHING


def outcome_words(use: RemedyUse) -> Message:
    """Return what became of *use*, in words."""
    if use.run is None or use.effect == RemedyUse.Effect.NOT_RUN:
        said: Message = use.said if use.run is None else use.run.note
        return said
    return Message(f"incident-remedies.effect-{use.effect}", run=use.run.pk, seconds=round(use.took or 0))


def _signal(plan: IncidentPlan, row: FailurePattern, target: str, why: Message, now: datetime) -> Signal:
    return Signal(
        key=f"{row.id}/{target}",
        clause_id=row.id,
        citation=str(row.origin),
        clause_text=row.text,
        condition=Condition.CRITICAL if why else Condition.OK,
        subject=Message("incident-remedies.subject", failure=row.name, target=target),
        value=why or Message("incident-remedies.calm"),
        limit=Message("incident-remedies.as-the-row-orders", remedies=list(row.remedies)) if why else NOTHING,
        began_at=now,
        detected_at=now,
        advice=Message("incident-remedies.find-the-cause") if why else NOTHING,
        # Without a target: that it is down, which is why people are called, would hold the call back.
        labels={"item": ITEM, ABOUT: target},
        people=(plan.manager,) if why else (),
    )
