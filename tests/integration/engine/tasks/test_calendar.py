"""Tasks on the calendar: by the hours of their role."""

from datetime import date

from tests.integration.engine.tasks.conftest import DAILY, PATCH, PATCH_ELSEWHERE, edition_of
from tests.registered import PARTS

from toban.engine.calendar.agenda import Agenda, agenda
from toban.engine.editions.edition import Edition
from toban.engine.tasks.lists import schedules_of_people

GOLDEN_WEEK = date(2026, 5, 1), date(2026, 5, 8)
"""From a Friday to a Friday; the 4th to the 6th are holidays, and the 4th is the first Monday."""


def shown(edition: Edition) -> Agenda:
    return agenda(edition.design, edition.bindings.system, *GOLDEN_WEEK, schedules_of_people(edition, PARTS))


def entries(found: Agenda, row: str) -> list[str]:
    return [f"{each.start:%d %H:%M}" for day in found.days for each in day.entries if each.clause.id == row]


def test_a_daily_task_is_on_the_days_of_its_role_and_a_day_has_the_start_of_its_hours() -> None:
    found = shown(edition_of())

    assert entries(found, DAILY) == ["01 09:00", "07 09:00", "08 09:00"]
    assert entries(found, PATCH) == ["04 09:00"]
    assert entries(found, PATCH_ELSEWHERE) == []


def test_work_that_nobody_is_asked_for_is_shown_as_the_document_writes_it() -> None:
    found = shown(edition_of(bindings=""))

    assert len(entries(found, DAILY)) == 8
    assert entries(found, PATCH) == ["04 00:00"]
