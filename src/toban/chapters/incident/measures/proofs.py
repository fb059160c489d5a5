"""What evidence says about a measure: a change, a row, a batch, an exception."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from django.db.models import QuerySet

from toban.chapters.incident.measures.rules import MeasureProof
from toban.chapters.incident.models import PreventionMeasure
from toban.design.diff import title
from toban.engine.approvals.holders import person_named
from toban.engine.approvals.identity import identities_of, identities_of_shell
from toban.engine.approvals.rules import is_one_of
from toban.engine.changes.act import ChangeKind, key_of
from toban.engine.changes.delivered import DELIVERED
from toban.engine.changes.models import Change
from toban.engine.changes.recorded import RECORDED
from toban.engine.editions.acts import ROWS
from toban.engine.editions.edition import Edition
from toban.engine.editions.records import changes_since
from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.rules import ExceptionState
from toban.engine.registry.ports import Ports
from toban.engine.runs.models import Run
from toban.message import Message

_Kind = PreventionMeasure.Kind
_MOST = 2_000
"""Recorded changes that are looked through for an address."""
_RELEASED = (ChangeKind.RELEASE, ChangeKind.PATCH, ChangeKind.OTHER, ChangeKind.REMEDY, ChangeKind.SCALING)
"""Kinds of recorded changes that may be a measure: a rollback only brings the former state back."""


def proof_of(measure: PreventionMeasure, edition: Edition, ports: Ports, now: datetime) -> MeasureProof:
    """Return what proves *measure* at *now*, or what is missing."""
    return _PROOFS[_Kind(measure.kind)](measure, edition, ports, now)


def _change(measure: PreventionMeasure, edition: Edition, ports: Ports, _now: datetime) -> MeasureProof:
    since = measure.incident.detected_at
    for find in ports.all(DELIVERED):
        delivered = find(measure.reference, since)
        if delivered is not None:
            return MeasureProof(delivered.said, delivered.at)
    recorded = Change.objects.filter(at__gte=since, kind__in=_RELEASED, entry__content__order=RECORDED)
    own: list[Change] = []
    for change in _naming(measure.reference, recorded):
        if not _is_own(change, measure, edition):
            return MeasureProof(Message("incident-reports.change-recorded", number=change.pk), change.at)
        own.append(change)
    if own:
        said = Message("incident-reports.change-recorded-by-themselves", number=own[0].pk, by=own[0].actor)
        return MeasureProof(said)
    return MeasureProof(Message("incident-reports.no-such-change", reference=measure.reference))


def _naming(reference: str, recorded: QuerySet[Change]) -> Iterator[Change]:
    """Yield the changes that name *reference*: first those that are about it, each time the oldest first."""
    recorded = recorded.select_related("entry")
    yield from recorded.filter(subjects__name=key_of(reference)).order_by("at")[:_MOST]
    lately = recorded.order_by("-at")[:_MOST]
    yield from (each for each in reversed(lately) if _names(each, reference))


def _is_own(change: Change, measure: PreventionMeasure, edition: Edition) -> bool:
    """Return whether who recorded *change* recorded *measure*, or owns it: nobody's own word proves theirs.

    Whose shell made the token by which it came has recorded it, too.
    """
    owner = person_named(edition, measure.owner)
    names = {measure.recorded_by, owner.account if owner is not None else ""}
    theirs = [each for name in names for each in identities_of_shell(edition, name)]
    theirs += identities_of(edition, measure.recorders)
    actors = {change.actor, str(change.entry.content.get("shell_user", ""))} - {""}
    mine = [each for actor in actors for each in identities_of_shell(edition, actor)]
    return not actors.isdisjoint(names) or any(is_one_of(each, theirs) for each in mine)


def _names(change: Change, reference: str) -> bool:
    content = change.entry.content
    return reference in (content.get("url"), content.get("version"), content.get("text"))


def _row(measure: PreventionMeasure, edition: Edition, _ports: Ports, _now: datetime) -> MeasureProof:
    row = next((each for each in edition.design.clauses if each.id == measure.reference), None)
    if row is None:
        return MeasureProof(Message("incident-reports.no-such-row", row=measure.reference))
    # The oldest counts: since then the row is there, or says something else.
    for entry in reversed(changes_since(measure.incident.detected_at)):
        if row.id in entry.content.get(ROWS, ()):
            said = Message(
                "incident-reports.row-changed", row=title(row), at=str(row.origin), number=entry.pk
            )
            return MeasureProof(said, entry.at)
    return MeasureProof(Message("incident-reports.row-unchanged", row=title(row), at=str(row.origin)))


def _batch(measure: PreventionMeasure, _edition: Edition, _ports: Ports, _now: datetime) -> MeasureProof:
    runs = Run.objects.filter(work=measure.reference, due_at__gte=measure.incident.detected_at)
    done = runs.filter(state=Run.State.DONE).exclude(ended_at=None).order_by("due_at").first()
    if done is None:
        return MeasureProof(Message("incident-reports.not-run-yet", work=measure.reference))
    return MeasureProof(
        Message("incident-reports.has-run", work=measure.reference, number=done.pk), done.ended_at
    )


def _exception(measure: PreventionMeasure, _edition: Edition, _ports: Ports, now: datetime) -> MeasureProof:
    number = int(measure.reference) if measure.reference.isdecimal() else 0
    found = RowException.objects.filter(pk=number).first()
    if found is None:
        return MeasureProof(Message("incident-reports.no-such-exception", number=measure.reference))
    state = found.state(now)
    said = Message(f"incident-reports.exception-{state}", number=found.pk, until=found.ends_at.date())
    return MeasureProof(said, found.granted_at if state is ExceptionState.IN_FORCE else None)


_PROOFS: Mapping[
    PreventionMeasure.Kind, Callable[[PreventionMeasure, Edition, Ports, datetime], MeasureProof]
] = {
    _Kind.CHANGE: _change,
    _Kind.ROW: _row,
    _Kind.BATCH: _batch,
    _Kind.EXCEPTION: _exception,
}
