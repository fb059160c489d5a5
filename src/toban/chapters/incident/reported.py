"""What users report: somebody fills in a form, whether signed in or not, and it is an incident."""

from dataclasses import dataclass
from datetime import datetime
from typing import override

from django.db import transaction

from toban.chapters.incident import orders
from toban.chapters.incident.models import Incident
from toban.chapters.incident.orders import Declaration, IncidentOrder
from toban.chapters.incident.timeline import amending
from toban.chapters.incident.timeline.amending import WantedLine
from toban.engine.approvals.answers import Giver

REPORTER = "report"
"""Whom the evidence names for somebody who has not signed in."""


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


def take(report: UserReport, order: IncidentOrder, now: datetime) -> Incident:
    """Declare an incident for *report*; what it says is the first line of the timeline."""
    with transaction.atomic():
        said = Declaration(title=report.title, began_at=report.began_at, is_report=True)
        incident = orders.declare(said, order, now)
        if report.text.strip():
            amending.add(incident.pk, WantedLine(report.text), by=order.by.name, now=now)
    return incident
