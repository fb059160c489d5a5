"""The alerting part of the first screen: who is on duty, and the alerts that need somebody."""

from collections.abc import Iterator, Mapping

from toban.engine.bindings.model import Person
from toban.engine.editions.edition import Edition
from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.engine.notify.duty import overrides
from toban.engine.notify.duty.roster import OnDuty, Roster, name_of, on_duty, rosters
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition
from toban.engine.overview import EditionStatus, OverviewFigure, ToDo
from toban.message import NOTHING, Message, listing, plain

_VERDICTS = {
    Condition.CRITICAL: Verdict.DEVIATING,
    Condition.WARNING: Verdict.WARNING,
    Condition.NO_DATA: Verdict.NOT_MEASURABLE,
}
_MOST = 500
"""The maximum number of alerts read, newest first: nobody handles more in a day."""


def figures(edition: Edition, seen: EditionStatus) -> Iterator[OverviewFigure]:
    """Yield the figure that says who is on duty."""
    bindings, roles = edition.bindings, rosters(edition.design, edition.bindings.duty)
    timed = [role for role in roles if role.hours is not None]
    # Every page asks: a document without hours needs no look at deputies.
    given = overrides.standing(seen.now) if timed else []
    watches = ((role, on_duty(role, given, seen.now, bindings.system)) for role in timed)
    present = [(role, watch) for role, watch in watches if watch.people]
    link = Link("duty", Message("notify.duty"))
    if not present:
        detail = Message("notify.nobody-on-duty-now") if roles else NOTHING
        yield OverviewFigure(link, Message("notify.nobody"), detail)
        return
    names = [name for role, watch in present for name in _holders(role, watch, bindings.people)]
    yield OverviewFigure(link, plain(present[0][0].role), listing(names))


def _holders(role: Roster, watch: OnDuty, people: Mapping[str, Person]) -> Iterator[str]:
    """Yield the names of those on duty, with phone numbers; nothing if no name is known for the role."""
    for each in watch.people:
        name = name_of(each, role, people)
        phone = people[each].phone if each in people else ""
        if said := f"{'' if name == role.role else name} {phone}".strip():
            yield said


def to_do(_edition: Edition, _seen: EditionStatus) -> Iterator[ToDo]:
    """Yield the open alerts; each acknowledged one with its holder."""
    fields = ("clause_id", "subject", "condition", "began_at", "acknowledged_at", "acknowledged_by", "labels")
    for alert in Alert.objects.filter(resolved_at=None).only(*fields).order_by("-pk")[:_MOST]:
        if alert.condition in _VERDICTS:
            yield ToDo(
                subject=_subject(alert),
                link=Link("alert", Message("notify.handle-alert"), (alert.pk,)),
                at=alert.began_at,
                clause_id=alert.clause_id,
                verdict=_VERDICTS[Condition(alert.condition)],
                holder=alert.acknowledged_by if alert.acknowledged_at is not None else "",
            )


def _subject(alert: Alert) -> Message:
    """Return what the alert is about, with its instance unless the subject names it."""
    subject: Message = alert.subject
    instance = str(alert.labels.get("instance", ""))
    if instance in str(subject):
        return subject
    return Message("notify.subject-instance", subject=subject, instance=instance)
