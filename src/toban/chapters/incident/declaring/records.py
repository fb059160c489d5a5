"""What is written when something happens to an incident, in the caller's transaction; he holds the ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from toban.chapters.incident.clocks.rules import IncidentTimes, Limits, limits_of
from toban.chapters.incident.models import Incident, LevelChange
from toban.chapters.incident.plan import IncidentPlan
from toban.design.clauses.incident import IncidentLevel
from toban.design.reader import Design
from toban.engine.approvals.answers import Giver
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.message_field import storable
from toban.engine.people.models import Operator
from toban.engine.tasks.works import hours_of
from toban.message import NOTHING, Message

TOBAN = "toban"
"""Who does it if no person does."""


def new_incident(
    plan: IncidentPlan,
    title: Message,
    origin: Incident.Origin,
    *,
    detected_at: datetime,
    began_at: datetime,
    targets: Sequence[str],
    now: datetime,
) -> Incident:
    """Return a new incident that is saved, and has no level yet."""
    return Incident.objects.create(
        title=storable(title),
        origin=origin,
        document_digest=plan.document_digest,
        targets=list(dict.fromkeys(targets)),
        began_at=min(began_at, detected_at),
        detected_at=detected_at,
        updated_at=now,
    )


def give_level(
    incident: Incident,
    level: IncidentLevel | None,
    reason: Message,
    *,
    plan: IncidentPlan,
    design: Design,
    now: datetime,
    by: str = "",
) -> None:
    """Give *incident* a level of the document in force; its clocks count from the detection.

    Without *level* the incident stays as it is: the document defines none.
    """
    if level is None:
        return
    limits = limits_of(
        level,
        incident.detected_at,
        immediate=plan.config.immediate,
        system=plan.system,
        hours=hours_of((plan.manager,), design),
    )
    incident.level, incident.clause_id = level.name[:100], level.id
    incident.respond_by, incident.recover_by = limits.respond_by, limits.recover_by
    incident.document_digest = plan.document_digest
    incident.save()
    LevelChange.objects.create(
        incident=incident,
        at=now,
        level=incident.level,
        clause_id=incident.clause_id,
        respond_by=limits.respond_by,
        recover_by=limits.recover_by,
        by=by,
        reason=storable(reason),
    )


def times_of(incident: Incident) -> IncidentTimes:
    """Return what decides the clocks of *incident*."""
    limits = Limits(incident.respond_by, incident.recover_by)
    return IncidentTimes(incident.detected_at, incident.responded_at, incident.recovered_at, limits)


def record(
    incident: Incident,
    act: str,
    by: str,
    now: datetime,
    more: Mapping[str, object] | None = None,
    note: Message = NOTHING,
) -> None:
    """Append *act* to the evidence."""
    content = {
        "order": act,
        "incident": incident.pk,
        "title": incident.title.as_json(),
        "level": incident.level,
        "targets": incident.targets,
        "note": storable(note).as_json(),
        **_times(incident),
        **(more or {}),
    }
    entry = ledger.Record(
        LedgerEntry.Kind.AUDIT,
        content,
        actor=by[:150],
        clause_id=incident.clause_id,
        document_digest=incident.document_digest,
    )
    ledger.append(entry, now=now)


def note_writer(incident: Incident, by: str, shell_user: str = "") -> None:
    """Note that *by*, or who is at their shell, wrote words that reports of *incident* take over.

    They approve no report of it: see `reports.approval`.
    """
    writers = sorted({*incident.writers, *numbers_of(by, shell_user)})
    if writers != incident.writers:
        incident.writers = writers
        incident.save(update_fields=["writers"])


def numbers_of(by: str, shell_user: str = "") -> tuple[int, ...]:
    """Return the accounts by which whoever acts as *by* may be known: see `Giver.orderers`."""
    account = Operator.objects.filter(username=by).first()
    return Giver(account, shell_user=shell_user).orderers


def _times(incident: Incident) -> dict[str, str]:
    names = ("detected_at", "responded_at", "recovered_at", "closed_at", "respond_by", "recover_by")
    found = {name: getattr(incident, name) for name in names}
    return {name: at.isoformat() for name, at in found.items() if at is not None}
