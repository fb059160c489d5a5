"""The reports of an incident, as its page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.incident.models import Incident, IncidentReport
from toban.chapters.incident.reports.content import ReportQuestion
from toban.chapters.incident.reports.draft import WrittenReport
from toban.chapters.incident.reports.orders import draft_of, subject_of
from toban.engine.approvals.requests import live_request
from toban.engine.editions.edition import Edition
from toban.faces.values.incident import inside, newest_reports
from toban.faces.web.approvals.shown import ShownRequest, shown
from toban.message import Message


@dataclass(frozen=True, slots=True)
class ShownReport:
    """The newest version of a kind of report."""

    report: IncidentReport
    written: WrittenReport
    questions: Sequence[tuple[ReportQuestion, str, bool]]
    """What only people know: the question, its answer, and whether it is still asked."""
    approval: ShownRequest | None

    @property
    def title(self) -> Message:
        """Its name."""
        return Message(f"incident-reports.title-{self.report.kind}")

    @property
    def state(self) -> Message:
        """How far it is."""
        return Message(f"incident-reports.report-{self.report.state}")


def reports_of(incident: Incident, reader: object, edition: Edition, now: datetime) -> Sequence[ShownReport]:
    """Return the newest version of each kind of report, the final one first."""
    return [_shown(each, reader, edition, now) for each in newest_reports(incident)]


def _shown(report: IncidentReport, reader: object, edition: Edition, now: datetime) -> ShownReport:
    draft = draft_of(report)
    request = live_request(subject_of(report))
    asked = shown([request], reader, edition, now)[0] if request is not None else None
    questions = [
        (each, report.answers.get(str(each), ""), each in draft.unanswered) for each in ReportQuestion
    ]
    return ShownReport(report, inside(report), questions, asked)
