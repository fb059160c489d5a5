"""The reports and measures of an incident, as its page shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.catalogue import active_language
from toban.chapters.incident.measures.checking import standing_of
from toban.chapters.incident.measures.rules import MeasureState
from toban.chapters.incident.models import Incident, IncidentReport, PreventionMeasure
from toban.chapters.incident.reports.content import ReportAudience, ReportQuestion
from toban.chapters.incident.reports.draft import WrittenReport, written
from toban.chapters.incident.reports.orders import draft_of, subject_of
from toban.engine.approvals.requests import live_request
from toban.engine.editions.edition import Edition
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


@dataclass(frozen=True, slots=True)
class ShownMeasure:
    """A measure, and how it stands."""

    measure: PreventionMeasure
    state: MeasureState


def reports_of(incident: Incident, reader: object, edition: Edition, now: datetime) -> Sequence[ShownReport]:
    """Return the newest version of each kind of report, the final one first."""
    kinds = (IncidentReport.Kind.FINAL, IncidentReport.Kind.PRELIMINARY)
    newest = (incident.reports.filter(kind=each).order_by("-version").first() for each in kinds)
    return [_shown(each, reader, edition, now) for each in newest if each is not None]


def measures_of(incident: Incident, edition: Edition, now: datetime) -> Sequence[ShownMeasure]:
    """Return its measures, those that count first."""
    today = now.astimezone(edition.bindings.system.zone).date()
    found: Iterable[PreventionMeasure] = incident.measures.order_by("due_on", "pk")
    shown_ = [ShownMeasure(each, standing_of(each, today)) for each in found]
    return sorted(shown_, key=lambda each: each.state is MeasureState.WITHDRAWN)


def _shown(report: IncidentReport, reader: object, edition: Edition, now: datetime) -> ShownReport:
    draft = draft_of(report)
    request = live_request(subject_of(report))
    asked = shown([request], reader, edition, now)[0] if request is not None else None
    questions = [
        (each, report.answers.get(str(each), ""), each in draft.unanswered) for each in ReportQuestion
    ]
    text = written(draft, ReportAudience.INTERNAL, active_language())
    return ShownReport(report, text, questions, asked)
