"""What users report: somebody fills in a form, whether signed in or not. It is an incident, or joins one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import override

from django.db import transaction
from django.db.models import Count, Max, Q

from toban.chapters.incident import orders
from toban.chapters.incident.declaring.following import newest_alerts
from toban.chapters.incident.declaring.reporting import KnownIncident, ReportReason, place
from toban.chapters.incident.models import Incident, TimelineEntry
from toban.chapters.incident.orders import Declaration, IncidentOrder
from toban.chapters.incident.timeline import amending
from toban.chapters.incident.timeline.amending import MOST_NOTES, REPORTED, WantedLine
from toban.chapters.incident.timeline.kinds import EntryKind
from toban.engine.approvals.answers import Giver
from toban.engine.evidence import ledger
from toban.message import Message

REPORTER = "report"
"""Whom the evidence names for somebody who has not signed in."""
_MOST_SHOWN = 200


class AnonymousReporter(Giver):
    """Somebody who has not signed in: a report is all that is taken from them."""

    @property
    @override
    def name(self) -> str:
        """See `Giver`."""
        return REPORTER


@dataclass(frozen=True, slots=True)
class UserReport:
    """What a user has noticed."""

    title: str
    text: str = ""
    began_at: datetime | None = None
    target: str = ""
    """What it is about, by the document's name; empty if they can't tell."""


@dataclass(frozen=True, slots=True)
class TakenReport:
    """What has become of a report."""

    incident: Incident
    reason: ReportReason


@dataclass(frozen=True, slots=True)
class JoinedReport:
    """A report that has joined an incident, as people see it."""

    number: int
    """Of its line in the timeline."""
    at: datetime
    said: Message
    by: str
    why: Message


def take(report: UserReport, order: IncidentOrder, now: datetime) -> TakenReport:
    """Declare an incident for *report*, or have it join one that is known; its words are on the timeline."""
    with transaction.atomic():
        ledger.hold()
        title = orders.title_of(report.title)
        within = order.plan.config.join_within
        reason, number = place(title, report.target, _known(), within, now)
        if number is not None:
            line = WantedLine(report.text, report=title, reason=reason)
            amending.add(number, line, by=order.by.name, now=now)
            return TakenReport(Incident.objects.get(pk=number), reason)
        targets = [report.target] if report.target else []
        said = Declaration(title=title, began_at=report.began_at, targets=targets, is_report=True)
        incident = orders.declare(said, order, now)
        if report.text.strip():
            amending.add(incident.pk, WantedLine(report.text), by=order.by.name, now=now)
    return TakenReport(incident, reason)


def joined_to(incident: Incident) -> Sequence[JoinedReport]:
    """Return the newest reports that have joined *incident*, each with why."""
    found = incident.timeline.filter(key__startswith=REPORTED).order_by("-pk")
    return [JoinedReport(each.pk, each.at, each.said, each.by, _why(each)) for each in found[:_MOST_SHOWN]]


def _why(line: TimelineEntry) -> Message:
    return Message(f"incident-chat.report-{ReportReason(line.key.split('/')[1])}")


def _known() -> Iterator[KnownIncident]:
    newest = newest_alerts()
    is_report = Q(timeline__key__startswith=REPORTED)
    going_on = Incident.objects.filter(closed_at=None, merged_into=None, recovered_at=None, is_drill=False)
    found = going_on.annotate(
        report_count=Count("timeline", filter=is_report),
        note_count=Count("timeline", filter=Q(timeline__kind=EntryKind.NOTE)),
        newest_report=Max("timeline__at", filter=is_report),
    )
    # A timeline that takes no more lines takes no report either.
    for each in found.filter(note_count__lt=MOST_NOTES).order_by("-detected_at", "-pk"):
        moments = (each.detected_at, newest.get(each.pk), each.newest_report)
        yield KnownIncident(
            number=each.pk,
            title=str(each.title.values.get("text", "")),
            targets=frozenset(each.targets),
            newest_at=max(moment for moment in moments if moment is not None),
            is_measured=each.joined.filter(alert__resolved_at=None).exists(),
            is_reported=each.origin == Incident.Origin.REPORT,
            reports=each.report_count,
        )
