"""Incidents and game days as JSON values: the same in the terminal, on the page and by the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from toban.chapters.incident.clocks.rules import Clock, IncidentTimes, Limits
from toban.chapters.incident.gameday.watching import Check, check_from_json
from toban.chapters.incident.models import GameDay, Incident, IncidentAlert, StageDone
from toban.chapters.incident.plan import IncidentPlan


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
