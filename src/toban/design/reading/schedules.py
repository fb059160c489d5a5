"""The time that a section's facts give to the tasks listed above them: Frequency: Weekly (Friday)."""

from collections.abc import Sequence
from dataclasses import replace

from toban.design.clauses.base import Clause
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.reading.outcome import RowOutcome
from toban.design.section import DocumentSection
from toban.design.shapes.timing import section_schedule
from toban.design.values.schedule import Schedule


def at_their_time(outcomes: Sequence[RowOutcome]) -> list[RowOutcome]:
    """Return the outcomes; tasks timed by their heading take the time that the facts below it state."""
    stated = {
        outcome.grounds.section: clause.schedule
        for outcome in outcomes
        for clause in outcome.clauses
        if isinstance(clause, Routine) and outcome.grounds is not None and outcome.grounds.columns
        # Declared entries with columns are tasks of their own, not facts about the others.
        if outcome.grounds.declared is None
        if not outcome.grounds.section.caption and "|" not in outcome.text
    }
    return [_timed(outcome, stated) for outcome in outcomes] if stated else list(outcomes)


def _timed(outcome: RowOutcome, stated: dict[DocumentSection, Schedule]) -> RowOutcome:
    section = outcome.grounds.section if outcome.grounds and not outcome.grounds.columns else None
    schedule = stated.get(section) if section is not None else None
    if section is None or schedule is None:
        return outcome
    above = section_schedule(section)
    return replace(outcome, clauses=tuple(_at(clause, above, schedule) for clause in outcome.clauses))


def _at(clause: Clause, above: Schedule | None, schedule: Schedule) -> Clause:
    if isinstance(clause, Routine | SecurityRoutine) and clause.schedule == above:
        return replace(clause, schedule=schedule)
    return clause
