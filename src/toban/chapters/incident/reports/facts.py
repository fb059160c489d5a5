"""Gathers what evidence says about an incident, for its report."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model

from toban.chapters.incident.models import Incident, PreventionMeasure, RemedyUse
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.reports.content import MeasureLine, ReportFact, ReportFacts
from toban.chapters.incident.reports.course import condensed
from toban.chapters.incident.timeline.reading import all_entries
from toban.design.clauses.duty import DutyRole
from toban.engine.amounts import length
from toban.engine.changes.query import around
from toban.engine.editions.edition import Edition
from toban.engine.impact.figures import Impact, ImpactFigure, ImpactQuestion, measured
from toban.engine.notify.models import Alert
from toban.engine.registry.ports import Ports
from toban.message import NOTHING, Message, plain, sentences

if TYPE_CHECKING:
    from toban.engine.telemetry.store import Telemetry

_UNBOUND = Message("incident-reports.nothing-measures-it")
_HAD_EFFECT = (RemedyUse.Effect.RECOVERED,)


def impact_of(
    incident: Incident, edition: Edition, ports: Ports, telemetry: "Telemetry", now: datetime
) -> Sequence[ImpactFigure]:
    """Return what customers suffered, from the first bad measurement until the recovery, or until *now*."""
    until = incident.recovered_at or now
    question = ImpactQuestion(edition, tuple(incident.targets), incident.began_at, until, telemetry)
    found = measured(question, ports)
    known = {each.impact for each in found}
    # That nobody measures it is said, too: a reader would take silence for none.
    missing = (
        ImpactFigure(each, Message(f"incident-reports.impact-{each}"), why=_UNBOUND)
        for each in Impact
        if each not in known
    )
    return [*found, *missing]


def facts_of(
    incident: Incident,
    edition: Edition,
    plan: IncidentPlan,
    impact: Iterable[ImpactFigure],
    measured_in: int,
) -> ReportFacts:
    """Return what is known; *measured_in* is the entry of the evidence that holds *impact*."""
    level = plan.level(incident.level)
    title = Message("incident-reports.subject", title=incident.title, level=incident.level)
    targets = tuple(incident.targets)
    outside = Message("incident-reports.outside-subject", level=incident.level, targets=targets)
    proof = (Message("incident-reports.proof-change", number=measured_in),)
    own = (Message("incident-reports.proof-incident", number=incident.pk),)
    meaning = plain(level.definition) if level is not None else NOTHING
    return ReportFacts(
        number=incident.pk,
        title=title,
        outside_title=outside,
        zone=str(edition.bindings.system.zone),
        times=tuple(_times(incident, edition)),
        impact=(
            ReportFact(Message("incident-reports.level-of"), plain(incident.level), meaning, own),
            ReportFact(
                Message("incident-reports.targets"), Message("common.list", parts=targets), NOTHING, own
            ),
            *(ReportFact(each.label, each.value, each.why, proof if each.value else ()) for each in impact),
        ),
        course=tuple(condensed(all_entries(incident))),
        remedies=tuple(_remedies(incident)),
        measures=tuple(measure_line(each) for each in standing(incident)),
        hidden=tuple(sorted(_hidden(incident, edition))),
    )


def standing(incident: Incident) -> Iterable[PreventionMeasure]:
    """Return the measures of *incident* that nobody has withdrawn."""
    return incident.measures.filter(withdrawn_at=None).order_by("due_on", "pk")


def measure_line(measure: PreventionMeasure) -> MeasureLine:
    """Return *measure* as it stands."""
    state = (
        Message("incident-reports.measure-kept", proof=measure.proof)
        if measure.kept_at is not None
        else Message("incident-reports.measure-open", proof=measure.proof)
    )
    return MeasureLine(measure.pk, measure.words, measure.owner, measure.due_on, state)


def _times(incident: Incident, edition: Edition) -> Iterator[ReportFact]:
    zone = edition.bindings.system.zone
    alerts = Alert.objects.filter(incident_link__incident=incident)
    first = alerts.order_by("opened_at", "pk").first()
    taken = alerts.filter(acknowledged_at=incident.responded_at).first() if incident.responded_at else None
    last = alerts.exclude(resolved_at=None).order_by("-resolved_at").first()

    def moment(label: str, at: datetime | None, alert: Alert | None) -> ReportFact:
        said = (
            Message("incident-reports.at", at=f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}") if at else NOTHING
        )
        note = NOTHING if at else Message("incident-reports.not-yet")
        proofs = (_proof(incident, alert),) if at else ()
        return ReportFact(Message(f"incident-reports.time-{label}"), said, note, proofs)

    yield moment("began", incident.began_at, first)
    yield moment("detected", incident.detected_at, first)
    yield moment("responded", incident.responded_at, taken)
    yield moment("recovered", incident.recovered_at, last if incident.recovered_at else None)
    ended = [each for each in (incident.responded_at, incident.recovered_at) if each is not None]
    answered = min(ended, default=None)
    yield _clock("response", incident, answered, incident.respond_by, taken, edition)
    yield _clock("recovery", incident, incident.recovered_at, incident.recover_by, last, edition)
    for label, name in (
        ("commander", incident.commander),
        ("scribe", incident.scribe),
        ("responder", incident.responded_by),
    ):
        if name:
            proofs = (_proof(incident, None),)
            yield ReportFact(
                Message(f"incident-reports.person-{label}"), plain(name), proofs=proofs, is_internal=True
            )


def _clock(
    name: str,
    incident: Incident,
    ended: datetime | None,
    due: datetime | None,
    alert: Alert | None,
    edition: Edition,
) -> ReportFact:
    """Return how long something took since the detection, beside the limit of the level."""
    label = Message(f"incident-reports.took-{name}")
    if due is None:
        limit = Message("incident-reports.no-limit")
    else:
        by = f"{due.astimezone(edition.bindings.system.zone):%Y-%m-%d %H:%M:%S}"
        limit = Message("incident-reports.limit", at=by)
    if ended is None:
        return ReportFact(label, NOTHING, sentences(Message("incident-reports.not-yet"), limit))
    took = length(ended - incident.detected_at)
    if due is not None:
        limit = Message(
            "incident-reports.limit-kept" if ended <= due else "incident-reports.limit-broken", limit=limit
        )
    return ReportFact(label, took, limit, (_proof(incident, alert),))


def _remedies(incident: Incident) -> Iterator[ReportFact]:
    uses = incident.remedies.filter(effect__in=_HAD_EFFECT, run__isnull=False).select_related("run")
    for use in uses.order_by("wanted_at"):
        label = Message("incident-reports.remedy-of", remedy=use.remedy, target=use.target)
        took = Message("incident-reports.remedy-worked", seconds=round(use.took or 0))
        proof = Message("incident-reports.proof-run", number=use.run_id)
        yield ReportFact(label, took, NOTHING, (proof,))


def _proof(incident: Incident, alert: Alert | None) -> Message:
    if alert is None:
        return Message("incident-reports.proof-incident", number=incident.pk)
    return Message("incident-reports.proof-alert", number=alert.pk)


def _hidden(incident: Incident, edition: Edition) -> Iterator[str]:
    """Yield the names of people, accounts and machines; roles and targets are the document's own words."""
    design, bindings = edition.design, edition.bindings
    roles = {each.role for each in design.of(DutyRole)}
    found = {each.holder for each in design.of(DutyRole) if not each.is_placeholder}
    found |= {name for name in bindings.people if name not in roles}
    for person in bindings.people.values():
        found |= {person.name, person.account, person.phone, person.slack}
    for account in get_user_model().objects.all():
        found |= {account.username, account.get_full_name()}
    targets, rows = set(bindings.targets), {clause.id for clause in design.clauses}
    found |= {name for name in around(edition, *targets) if name not in targets and name not in rows}
    labels = Alert.objects.filter(incident_link__incident=incident).values_list("labels", flat=True)
    found |= {str(each.get("instance", "")) for each in labels}
    yield from (name for name in found - roles - targets if name.strip())
