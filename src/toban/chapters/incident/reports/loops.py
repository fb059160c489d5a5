"""The loops that keep timelines, reports and measures up to date."""

from collections.abc import Callable, Sequence
from datetime import datetime

from toban.chapters.incident.measures import checking
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.reports import watching
from toban.chapters.incident.reports.orders import ReportDesk
from toban.chapters.incident.timeline.gathering import EVERY, Gathering
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Workplace


def loops_of(at: Workplace, planned: Callable[[Edition], IncidentPlan]) -> Sequence[EditionLoop]:
    """Return the loops; *planned* returns the chapter's plan of an edition."""
    gathering = Gathering(at.telemetry, at.ports)

    def report(edition: Edition, now: datetime) -> None:
        watching.watch(ReportDesk(edition, planned(edition), at.ports, at.telemetry), now)

    def check(edition: Edition, now: datetime) -> None:
        checking.watch(edition, planned(edition), at.ports, now)

    return (
        EditionLoop("incident-timeline", gathering.step, every=EVERY, leads=True),
        EditionLoop("incident-reports", report, every=watching.EVERY, leads=True),
        EditionLoop("incident-measures", check, every=checking.EVERY, leads=True),
    )
