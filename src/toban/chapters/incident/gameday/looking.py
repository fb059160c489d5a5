"""What the tables say about a failure that was made, as `watching` takes it."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from toban.chapters.incident.clocks.rules import limits_of
from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.chapters.incident.gameday.watching import Part, Seen, Terms
from toban.chapters.incident.models import GameDay, Incident, RemedyUse
from toban.chapters.incident.plan import IncidentPlan
from toban.design.clauses.incident import FailurePattern
from toban.engine.notify.deciding.records import AlertRecord
from toban.engine.notify.models import Alert, Delivery
from toban.engine.notify.signal import Condition
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.tasks.works import hours_of
from toban.message import NOTHING, Message


def is_symptom(row: FailurePattern, alert: Alert | AlertRecord) -> bool:
    """Return whether *alert* shows the failure of *row*: its metric, and what its name is about."""
    target, item = str(alert.labels.get("target", "")), alert.labels.get("item")
    return row.symptom is not None and item == row.symptom and bool(target) and row.is_about(target)


def symptom_of(row: FailurePattern, since: datetime) -> Alert | None:
    """Return the alert about the failure of *row* that was opened from *since* on, and is or was critical.

    The one that a remedy is for, or else the first. An alert may be a warning again before it ends: its
    incident tells that it was critical.
    """
    grave = Q(condition=Condition.CRITICAL) | Q(incident_link__isnull=False)
    used = Exists(RemedyUse.objects.filter(alert=OuterRef("pk")))
    found = Alert.objects.filter(grave, opened_at__gte=since).order_by(used.desc(), "opened_at", "pk")
    return next((each for each in found if is_symptom(row, each)), None)


def incident_of(alert: Alert) -> Incident | None:
    """Return the incident that *alert* belongs to."""
    return Incident.objects.filter(joined__alert=alert).first()


def seen(game_day: GameDay, planned: PlannedGameDay, plan: IncidentPlan) -> Seen:
    """Return what has answered *game_day* so far."""
    broken = datetime.fromisoformat(game_day.times["broken"])
    alert = symptom_of(planned.row, game_day.broken_at)
    if alert is None:
        return Seen(broken)
    incident, use = game_day.incident, _use_of(alert)
    times = {
        Part.ALERT: alert.opened_at,
        Part.TOLD: _told_at(alert),
        Part.INCIDENT: _declared_at(incident),
        Part.RESPONSE: _responded_at(incident, use),
        Part.REMEDY: _applied_at(use),
        Part.RECOVERED: incident.recovered_at if incident is not None else alert.resolved_at,
        Part.REPORT: _drafted_at(incident),
    }
    bound = {each.name for each in plan.remedies_of(planned.row)}
    if not bound:
        why, is_hopeless = Message("incident-gameday.no-remedy-bound"), True
    else:
        why, is_hopeless = _why_no_remedy(use)
        # After a remedy that did not help, the row's next is due.
        is_hopeless = is_hopeless and (_is_only_shown(use) or bound <= _used(alert))
    return Seen(
        min(broken, alert.began_at),
        {part: at for part, at in times.items() if at is not None},
        use.remedy if use is not None else "",
        why,
        is_hopeless,
    )


def terms(game_day: GameDay, planned: PlannedGameDay, plan: IncidentPlan) -> Terms:
    """Return what must answer, and the document's limits; those of the level as soon as there is one."""
    level = plan.level(game_day.incident.level) if game_day.incident is not None else None
    broken = datetime.fromisoformat(game_day.times["broken"])
    hours = hours_of((plan.manager,), planned.edition.design)
    by = limits_of(level, broken, immediate=plan.config.immediate, system=plan.system, hours=hours)
    limits: dict[Part, timedelta | None] = {
        Part.ALERT: planned.detect_within,
        Part.TOLD: None,
        Part.INCIDENT: None,
        Part.RESPONSE: by.respond_by - broken if by.respond_by is not None else None,
        Part.REMEDY: None,
        Part.RECOVERED: by.recover_by - broken if by.recover_by is not None else None,
        Part.REPORT: None,
    }
    if not planned.is_told:
        del limits[Part.TOLD]
    return Terms(limits)


def _told_at(alert: Alert) -> datetime | None:
    delivered = Delivery.objects.filter(
        announcement__alerts=alert, state=Delivery.State.DELIVERED, settled_at__isnull=False
    )
    first = delivered.order_by("settled_at").first()
    return first.settled_at if first is not None else None


def _declared_at(incident: Incident | None) -> datetime | None:
    first = incident.joined.order_by("joined_at").first() if incident is not None else None
    return first.joined_at if first is not None else None


def _use_of(alert: Alert) -> RemedyUse | None:
    """Return the newest use of a remedy for *alert*: a row's second remedy follows its first."""
    return RemedyUse.objects.filter(alert=alert).select_related("run").order_by("-wanted_at", "-pk").first()


def _responded_at(incident: Incident | None, use: RemedyUse | None) -> datetime | None:
    """Return when a person answered it, or the remedy began: on a game day, nobody need be there."""
    began = use.run.began_at if use is not None and use.run is not None else None
    if use is not None and use.effect == RemedyUse.Effect.NOT_RUN:
        began = None
    answered = incident.responded_at if incident is not None else None
    return min((at for at in (began, answered) if at is not None), default=None)


def _applied_at(use: RemedyUse | None) -> datetime | None:
    """Return when a remedy had been carried out, and its effect was seen."""
    if use is None or use.run is None or use.effect != RemedyUse.Effect.RECOVERED:
        return None
    return use.run.ended_at


def _is_only_shown(use: RemedyUse | None) -> bool:
    return use is not None and use.run is not None and use.run.state == Run.State.SHADOW


def _used(alert: Alert) -> set[str]:
    return set(RemedyUse.objects.filter(alert=alert).values_list("remedy", flat=True))


def _why_no_remedy(use: RemedyUse | None) -> tuple[Message, bool]:
    """Return why no remedy is carried out, and whether none is going to be."""
    if use is None:
        return Message("incident-gameday.no-remedy-wanted"), False
    run = use.run
    if run is None:
        return Message("incident-gameday.remedy-held", remedy=use.remedy, why=use.said), True
    if run.state == Run.State.SHADOW:
        return Message("incident-gameday.remedy-in-shadow", remedy=use.remedy), True
    if run.state in Run.OPEN:
        code = "asks" if run.reason == RunReason.AWAITING_APPROVAL else "under-way"
        return Message(f"incident-gameday.remedy-{code}", remedy=use.remedy), False
    if run.state != Run.State.DONE:
        return Message("incident-gameday.remedy-failed", remedy=use.remedy, why=run.note), True
    if use.effect == RemedyUse.Effect.PENDING:
        return Message("incident-gameday.remedy-not-seen", remedy=use.remedy), False
    is_well = use.effect == RemedyUse.Effect.RECOVERED
    return NOTHING if is_well else Message("incident-gameday.remedy-in-vain", remedy=use.remedy), not is_well


def _drafted_at(incident: Incident | None) -> datetime | None:
    first = incident.reports.order_by("drafted_at").first() if incident is not None else None
    return first.drafted_at if first is not None else None
