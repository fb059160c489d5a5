"""What people order about reports: draft, answer, ask for approval. One transaction each, audited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from toban.chapters.incident.found import incident_numbered, locked
from toban.chapters.incident.models import Incident, IncidentReport
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.reports.content import ReportFacts, ReportQuestion
from toban.chapters.incident.reports.draft import ReportDraft
from toban.chapters.incident.reports.facts import facts_of, impact_of
from toban.engine.approvals.answers import Giver, from_shell
from toban.engine.approvals.requests import supersede
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.impact.figures import ImpactFigure
from toban.engine.message_field import storable
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.registry.ports import Ports
from toban.message import Message
from toban.text import printable_lines, storable_text

if TYPE_CHECKING:
    from toban.engine.telemetry.store import Telemetry

_Kind, _State = IncidentReport.Kind, IncidentReport.State
LONGEST_ANSWER = 4_000
APPROVAL = "incident-report"
"""The kind of its subject of approvals."""


@dataclass(frozen=True, slots=True)
class ReportDesk:
    """What drafting needs besides the incident."""

    edition: Edition
    plan: IncidentPlan
    ports: Ports
    telemetry: "Telemetry"


def draft(
    number: int,
    kind: IncidentReport.Kind,
    desk: ReportDesk,
    *,
    by: Giver | None,
    now: datetime,
    impact: Sequence[ImpactFigure] | None = None,
) -> IncidentReport:
    """Draft a report of the incident *number* from what evidence says at *now*; None: by Toban itself.

    A version that is not approved yet is drafted again; after an approval it is a new version, with the same
    answers. Who holds the ledger passes what was `measured` before. Raises `NotPossible`.
    """
    if by is not None:
        check(by)
    incident = incident_numbered(number)
    impact = measured(number, desk, now) if impact is None else impact
    with transaction.atomic():
        ledger.hold()
        last = incident.reports.select_for_update().filter(kind=kind).order_by("-version").first()
        found = (
            last if last is not None and last.state != _State.APPROVED else _next(incident, kind, last, now)
        )
        entry = _record_draft(found, impact, desk, by, now)
        facts = facts_of(incident, desk.edition, desk.plan, impact, entry.sequence)
        found.figures, found.drafted_at = facts.as_json(), now
        found.drafted_by = by.name[:150] if by is not None else ""
        _reopen(found, now)
        found.save()
    return found


def measured(number: int, desk: ReportDesk, now: datetime) -> Sequence[ImpactFigure]:
    """Ask the telemetry store for the impact of the incident *number*: not while the ledger is held."""
    return impact_of(incident_numbered(number), desk.edition, desk.ports, desk.telemetry, now)


def answer(number: int, answers: Mapping[str, str], *, by: Giver, now: datetime) -> IncidentReport:
    """Write what only people know into the report *number*; an empty text takes an answer back.

    One that waits for approval must be asked for again. An approved one stays as it is: see `draft`.
    """
    check(by)
    clean = {ReportQuestion(name): _text(text) for name, text in answers.items() if name in _QUESTIONS}
    if not clean:
        raise NotPossible(Message("incident-reports.nothing-answered"))
    with transaction.atomic():
        found = locked_report(number)
        if found.state == _State.APPROVED:
            raise NotPossible(
                Message("incident-reports.is-approved"), Message("incident-reports.draft-again")
            )
        kept = {**found.answers, **{str(name): text for name, text in clean.items()}}
        found.answers = {name: text for name, text in kept.items() if text}
        found.writers = sorted({*found.writers, *by.orderers})
        _reopen(found, now)
        found.save()
        content = {"order": "answer-report", **named(found), "answers": dict(found.answers)}
        record(found, {**content, **from_shell(by.shell_user)}, by.name, now)
    return found


def draft_of(report: IncidentReport) -> ReportDraft:
    """Return *report* as a value."""
    return ReportDraft(
        ReportFacts.of(report.figures),
        report.answers,
        report.kind == _Kind.FINAL,
        report.version,
        report.drafted_at,
        report.approved_by,
        report.approved_at,
    )


def subject_of(report: IncidentReport) -> str:
    """Return the name by which approvals know *report*."""
    return f"{APPROVAL}/{report.pk}"


def locked_report(number: int) -> IncidentReport:
    """Return the report, locked, with the ledger held; raise `NotPossible`."""
    missing = Message("incident-reports.no-such-report", number=number)
    return locked(IncidentReport.objects.all(), number, missing)


def named(report: IncidentReport) -> Mapping[str, object]:
    """Return what every entry of the evidence about *report* holds."""
    return {
        "incident": report.incident_id,
        "report": report.pk,
        "kind": report.kind,
        "version": report.version,
    }


def record(report: IncidentReport, content: Mapping[str, object], by: str, now: datetime) -> LedgerEntry:
    """Record *content* in the evidence, in the caller's transaction."""
    incident = report.incident
    (entry,) = ledger.append(
        ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by[:150], clause_id=incident.clause_id), now=now
    )
    return entry


_QUESTIONS = frozenset(ReportQuestion)


def _next(
    incident: Incident, kind: IncidentReport.Kind, last: IncidentReport | None, now: datetime
) -> IncidentReport:
    """Return the next version; the final report begins with what the preliminary one was told."""
    before = last or incident.reports.order_by("-pk").first()
    return IncidentReport.objects.create(
        incident=incident,
        kind=kind,
        version=last.version + 1 if last is not None else 1,
        answers=dict(before.answers) if before is not None else {},
        writers=list(before.writers) if before is not None else [],
        drafted_at=now,
    )


def _reopen(report: IncidentReport, now: datetime) -> None:
    """Have nobody approve what is no longer what they were shown."""
    if report.state == _State.ASKED:
        supersede(subject_of(report), now)
    report.state, report.digest = _State.DRAFT, ""


def _record_draft(
    report: IncidentReport,
    impact: Sequence[ImpactFigure],
    desk: ReportDesk,
    by: Giver | None,
    now: datetime,
) -> LedgerEntry:
    """Record what was measured: the figures of the report name this entry as their evidence."""
    figures = [
        {
            "impact": str(each.impact),
            "label": storable(each.label).as_json(),
            "value": storable(each.value).as_json(),
            "why": storable(each.why).as_json(),
        }
        for each in impact
    ]
    content = {
        "order": "draft-report",
        **named(report),
        "since": report.incident.began_at.isoformat(),
        "until": (report.incident.recovered_at or now).isoformat(),
        "figures": figures,
        "document": desk.edition.design.digest,
        **from_shell(by.shell_user if by is not None else ""),
    }
    return record(report, content, by.name if by is not None else "toban", now)


def check(by: Giver) -> None:
    """Raise `NotPossible` if *by* may give no orders."""
    if by.account is not None and not (by.account.is_active and may_order(by.account)):
        raise NotPossible(Message("incident-reports.may-not-order"))


def _text(written: str) -> str:
    text = printable_lines(storable_text(written.strip()))
    if len(text) > LONGEST_ANSWER:
        raise NotPossible(Message("incident-reports.text-too-long", longest=LONGEST_ANSWER))
    return text
