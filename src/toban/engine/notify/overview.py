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
from toban.engine.said import Said

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
    given = overrides.standing(seen.now)
    watches = (
        (role, on_duty(role, given, seen.now, bindings.system)) for role in roles if role.hours is not None
    )
    present = [(role, watch) for role, watch in watches if watch.people]
    link = Link("duty", "当番")
    if not present:
        yield OverviewFigure(link, Said("なし"), Said("この時間の当番が文書にありません" if roles else ""))
        return
    names = [_holders(role, watch, bindings.people) for role, watch in present]
    yield OverviewFigure(link, Said(present[0][0].role), Said("、".join(name for name in names if name)))


def _holders(role: Roster, watch: OnDuty, people: Mapping[str, Person]) -> str:
    """Return the names of those on duty, with phone numbers; empty if no name is known for the role."""
    found = []
    for each in watch.people:
        name = name_of(each, role, people)
        phone = people[each].phone if each in people else ""
        found.append(f"{'' if name == role.role else name} {phone}".strip())
    return "、".join(each for each in found if each)


def to_do(_edition: Edition, _seen: EditionStatus) -> Iterator[ToDo]:
    """Yield the open alerts; each acknowledged one with its holder."""
    fields = ("clause_id", "subject", "condition", "began_at", "acknowledged_at", "acknowledged_by", "labels")
    for alert in Alert.objects.filter(resolved_at=None).only(*fields).order_by("-pk")[:_MOST]:
        if alert.condition in _VERDICTS:
            yield ToDo(
                subject=Said(" ".join(each for each in (alert.subject, _instance(alert)) if each)),
                link=Link("alert", "アラートに対応", (alert.pk,)),
                at=alert.began_at,
                clause_id=alert.clause_id,
                verdict=_VERDICTS[Condition(alert.condition)],
                holder=alert.acknowledged_by if alert.acknowledged_at is not None else "",
            )


def _instance(alert: Alert) -> str:
    """Return the instance that the alert is about, unless the subject names it."""
    instance = str(alert.labels.get("instance", ""))
    return "" if instance in alert.subject else instance
