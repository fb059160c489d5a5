"""Incidents and game days as JSON values: the same in the terminal, on the page and by the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from toban.catalogue import active_language
from toban.chapters.incident import figures
from toban.chapters.incident.clocks.rules import Clock, IncidentTimes, Limits
from toban.chapters.incident.figures import IncidentFigures, TimeFigure
from toban.chapters.incident.gameday.watching import Check, check_from_json
from toban.chapters.incident.measures.checking import standing_of
from toban.chapters.incident.measures.rules import MeasureState
from toban.chapters.incident.models import (
    GameDay,
    Incident,
    IncidentAlert,
    IncidentReport,
    PreventionMeasure,
    StageDone,
    TimelineEdit,
    TimelineEntry,
)
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.reports.content import ReportAudience
from toban.chapters.incident.reports.draft import WrittenPart, WrittenReport, written
from toban.chapters.incident.reports.orders import draft_of, subject_of
from toban.chapters.incident.spans import spans_of
from toban.chapters.incident.timeline.kinds import TimelineLine
from toban.chapters.incident.timeline.reading import line_of
from toban.engine.approvals.requests import live_request
from toban.engine.editions.edition import Edition


def incidents(*, is_open: bool | None = None) -> QuerySet[Incident]:
    """Return the incidents that are no part of another; *is_open*: only those that are open, or are not."""
    found = Incident.objects.filter(merged_into=None)
    return found if is_open is None else found.filter(closed_at__isnull=is_open)


def times_of(incident: Incident) -> IncidentTimes:
    """Return what decides the clocks of *incident*."""
    limits = Limits(incident.respond_by, incident.recover_by)
    return IncidentTimes(incident.detected_at, incident.responded_at, incident.recovered_at, limits)


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step of the document's flow, for one incident."""

    number: int
    words: str
    done: StageDone | None


def steps_of(incident: Incident, plan: IncidentPlan) -> Sequence[ShownStep]:
    """Return the steps of the flow in force, each with what ended it."""
    done = {each.words: each for each in incident.stages.all()}
    steps = plan.flow.steps if plan.flow is not None else ()
    return [ShownStep(number, words, done.get(words[:300])) for number, words in enumerate(steps, 1)]


def incident_values(incident: Incident, now: datetime) -> dict[str, object]:
    """Return *incident* with its clocks, times in UTC."""
    times = times_of(incident)
    return {
        "incident": incident.pk,
        "title": incident.title.as_output(),
        "origin": incident.origin,
        "level": incident.level,
        "clause": incident.clause_id,
        "proposed": incident.proposed,
        "why": incident.why.as_output() if incident.why else None,
        "is_confirmed": incident.confirmed_at is not None,
        "targets": list(incident.targets),
        "commander": incident.commander,
        "scribe": incident.scribe,
        "is_drill": incident.is_drill,
        "is_public": incident.is_public,
        "public_note": incident.public_note,
        "recurs": incident.recurs_id,
        "merged_into": incident.merged_into_id,
        **{name: _time(getattr(incident, name)) for name in TIMES},
        "response": _clock(times.response(now)),
        "recovery": _clock(times.recovery(now)),
    }


TIMES = ("began_at", "detected_at", "responded_at", "recovered_at", "closed_at")
"""The times of an incident, in the order in which they come."""


def whole_values(incident: Incident, plan: IncidentPlan, now: datetime) -> dict[str, object]:
    """Return *incident* with its alerts, its levels so far, and the steps of the flow."""
    return {
        **incident_values(incident, now),
        "alerts": [_alert(each) for each in alerts_of(incident)],
        "levels": [
            {
                "at": each.at.isoformat(),
                "level": each.level,
                "by": each.by,
                "reason": each.reason.as_output() if each.reason else None,
            }
            for each in incident.levels.order_by("pk")
        ],
        "steps": [*map(_step, steps_of(incident, plan))],
        "merged": list(incident.merged.order_by("pk").values_list("pk", flat=True)),
    }


def alerts_of(incident: Incident) -> QuerySet[IncidentAlert]:
    """Return the alerts of *incident*, the oldest first."""
    return incident.joined.select_related("alert").order_by("alert__opened_at", "alert")


MOST_MONTHS = 24
"""Of which figures are shown at once."""


@dataclass(frozen=True, slots=True)
class ShownFigures:
    """The figures of the last months."""

    whole: IncidentFigures
    by_month: Mapping[date, IncidentFigures]
    """By the first day of each month, the newest first."""
    by_level: Mapping[str, IncidentFigures]
    """In the document's order; only levels that occurred."""
    by_pattern: Mapping[str, int]
    """The most frequent first; empty: no known failure."""


def figures_of(plan: IncidentPlan, now: datetime, months: int) -> ShownFigures:
    """Return the figures of the last *months* months, this one included."""
    zone = plan.system.zone
    # A month has at most 31 days: what lies before the first month is left out below.
    spans = [each for each in spans_of(plan, now - timedelta(days=31 * months), now) if each.counts]
    by_month = figures.by_month(spans, zone, months, now.astimezone(zone).date())
    first = min(by_month)
    inside = [each for each in spans if each.detected_at.astimezone(zone).date() >= first]
    levels = figures.by_level(inside, [each.name for each in plan.levels])
    return ShownFigures(
        figures.figures(inside),
        dict(reversed(list(by_month.items()))),
        {name: each for name, each in levels.items() if each.count},
        figures.by_pattern(inside),
    )


def figures_values(found: ShownFigures) -> dict[str, object]:
    """Return the figures as JSON values; times are in seconds."""
    return {
        **_figures(found.whole),
        "by_month": [{"month": f"{month:%Y-%m}", **_figures(each)} for month, each in found.by_month.items()],
        "by_level": [{"level": name, **_figures(each)} for name, each in found.by_level.items()],
        "by_pattern": [{"pattern": name, "count": count} for name, count in found.by_pattern.items()],
    }


MOST_EDITS = 100
"""Of one line: the newest are shown."""


def line_values(line: TimelineLine) -> dict[str, object]:
    """Return *line* as JSON values."""
    return {
        "line": line.number,
        "at": line.at.isoformat(),
        "kind": str(line.kind),
        "said": line.said.as_output(),
        "by": line.by,
        "source": line.key,
        "url": line.url,
        "is_amended": line.is_amended,
        "is_hidden": line.is_hidden,
    }


def whole_line_values(entry: TimelineEntry) -> dict[str, object]:
    """Return a line with what it said before, the newest first."""
    edits = [*map(_edit, edits_of(entry))]
    return {"incident": entry.incident_id, **line_values(line_of(entry)), "edits": edits}


def edits_of(entry: TimelineEntry) -> list[TimelineEdit]:
    """Return what *entry* said before, the newest first."""
    return list(entry.edits.order_by("-pk")[:MOST_EDITS])


@dataclass(frozen=True, slots=True)
class ShownMeasure:
    """A measure, and how it stands."""

    measure: PreventionMeasure
    state: MeasureState


def newest_reports(incident: Incident) -> Sequence[IncidentReport]:
    """Return the newest version of each kind of report, the final one first."""
    kinds = (IncidentReport.Kind.FINAL, IncidentReport.Kind.PRELIMINARY)
    newest = (incident.reports.filter(kind=each).order_by("-version").first() for each in kinds)
    return [each for each in newest if each is not None]


def report_values(report: IncidentReport) -> dict[str, object]:
    """Return how far *report* is, and what people have written in it."""
    request = live_request(subject_of(report))
    return {
        "report": report.pk,
        "incident": report.incident_id,
        "kind": report.kind,
        "version": report.version,
        "state": report.state,
        "answers": dict(report.answers),
        "unanswered": [*map(str, draft_of(report).unanswered)],
        "drafted_at": report.drafted_at.isoformat(),
        "drafted_by": report.drafted_by,
        "approved_at": _time(report.approved_at),
        "approved_by": report.approved_by,
        "digest": report.digest,
        "request": request.pk if request is not None else None,
    }


def whole_report_values(report: IncidentReport) -> dict[str, object]:
    """Return *report* with what it says inside the company, in the reader's language."""
    said = inside(report)
    return {**report_values(report), "title": said.title, "parts": [*map(_part, said.parts)]}


def inside(report: IncidentReport) -> WrittenReport:
    """Return what *report* says inside the company, in the reader's language."""
    return written(draft_of(report), ReportAudience.INTERNAL, active_language())


def measures_of(incident: Incident, edition: Edition, now: datetime) -> Sequence[ShownMeasure]:
    """Return its measures, those that count first."""
    today = today_of(edition, now)
    shown = [
        ShownMeasure(each, standing_of(each, today)) for each in incident.measures.order_by("due_on", "pk")
    ]
    return sorted(shown, key=lambda each: each.state is MeasureState.WITHDRAWN)


def today_of(edition: Edition, now: datetime) -> date:
    """Return the day by which a measure is overdue or not."""
    return now.astimezone(edition.bindings.system.zone).date()


def measure_values(measure: PreventionMeasure, today: date) -> dict[str, object]:
    """Return *measure*, and how it stands on the day *today*."""
    return {
        "measure": measure.pk,
        "incident": measure.incident_id,
        "words": measure.words,
        "kind": measure.kind,
        "reference": measure.reference,
        "owner": measure.owner,
        "due_on": measure.due_on.isoformat(),
        "state": standing_of(measure, today),
        "proof": measure.proof.as_output(),
        "kept_at": _time(measure.kept_at),
        "recorded_at": measure.recorded_at.isoformat(),
        "recorded_by": measure.recorded_by,
        "withdrawn_at": _time(measure.withdrawn_at),
        "withdrawn_by": measure.withdrawn_by,
        "withdrawn_because": measure.withdrawn_because,
    }


def _figures(found: IncidentFigures) -> dict[str, object]:
    times = {"to_response": found.to_response, "to_recovery": found.to_recovery}
    return {
        "count": found.count,
        "ongoing": found.ongoing,
        **{name: _time_figure(each) for name, each in times.items()},
    }


def _time_figure(found: TimeFigure) -> dict[str, object]:
    named = {"mean": found.mean, "median": found.median, "longest": found.longest}
    seconds = {name: each.total_seconds() if each is not None else None for name, each in named.items()}
    return {"count": found.count, **seconds}


def _alert(link: IncidentAlert) -> dict[str, object]:
    alert = link.alert
    return {
        "alert": alert.pk,
        "clause": alert.clause_id,
        "subject": alert.subject.as_output(),
        "condition": alert.condition,
        "opened_at": alert.opened_at.isoformat(),
        "resolved_at": _time(alert.resolved_at),
        "joined_by": link.joined_by,
    }


def _step(step: ShownStep) -> dict[str, object]:
    done = step.done
    return {
        "step": step.number,
        "words": step.words,
        "done_at": _time(done.at) if done is not None else None,
        "by": done.by if done is not None else "",
        "said": done.said.as_output() if done is not None and done.said else None,
    }


def _clock(clock: Clock) -> dict[str, object]:
    return {"state": clock.state, "due": _time(clock.due), "seconds": clock.took.total_seconds()}


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _edit(edit: TimelineEdit) -> dict[str, object]:
    return {
        "at": edit.at.isoformat(),
        "by": edit.by,
        "said": edit.said.as_output(),
        "happened_at": edit.happened_at.isoformat(),
        "was_hidden": edit.was_hidden,
    }


def _part(part: WrittenPart) -> dict[str, object]:
    lines = [{"label": each.label, "text": each.text, "proof": each.proof} for each in part.lines]
    return {"part": part.part, "heading": part.heading, "lines": lines, "asks": part.asks}


def game_day_values(game_day: GameDay) -> Mapping[str, object]:
    """Return *game_day* with every time beside its limit, times in UTC."""
    return {
        "game_day": game_day.pk,
        "failure": game_day.pattern,
        "clause": game_day.clause_id,
        "state": game_day.state,
        "run": game_day.run_id,
        "incident": game_day.incident_id,
        "broken_at": game_day.broken_at.isoformat(),
        "ended_at": _time(game_day.ended_at),
        "times": game_day.times,
        "parts": [_part_of_chain(check_from_json(each)) for each in game_day.checks],
        "said": game_day.said.as_output() if game_day.said else None,
        "evidence": game_day.evidence_sequence,
    }


def _part_of_chain(check: Check) -> Mapping[str, object]:
    return {
        "part": check.part.value,
        "passed": check.is_passed,
        "took_seconds": check.took.total_seconds() if check.took is not None else None,
        "limit_seconds": check.limit.total_seconds() if check.limit is not None else None,
        "said": check.found.as_output(),
    }
