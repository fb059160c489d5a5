"""When a work comes next and when it was due, on its page."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.chapters.backup.drill_document import drilled
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.ledger import DAILY, made, planned, put_in_force

from toban.chapters.backup.operation import OPERATION
from toban.engine.clock import system_clock
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.scheduler import plan_due


@pytest.fixture(autouse=True)
def in_force_with_batches(in_force: Fixed) -> None:
    put_in_force(in_force)


def test_upcoming_times_are_computed_from_the_document(viewer: Client) -> None:
    planned()

    page = viewer.get(f"/batches/{DAILY}").content.decode()

    around = page[page.index('class="around"') :]
    assert around.count(" 04:00</time>") + around.count(">04:00</time>") == 5


def test_past_times_are_those_that_were_planned_and_none_before_toban_was_there(viewer: Client) -> None:
    planned()
    now = system_clock()
    made(due_at=now - timedelta(days=1))
    made(due_at=now - timedelta(days=2), state=Run.State.MISSED, reason=RunReason.MISSED)
    made(due_at=now - timedelta(hours=3), ordered_by="田中")

    page = viewer.get(f"/batches/{DAILY}").content.decode()

    past = page[page.index("過去の予定") :].split("</ol>")[0]
    assert past.count("<time") == 2


def test_the_page_of_a_drill_shows_one_time_for_its_row(
    viewer: Client, in_force: Fixed, tmp_path: Path
) -> None:
    edition = drilled(tmp_path)
    in_force.edition = edition
    (work,) = edition.plan(OPERATION).drills.works.values()
    plan_due([work], system_clock())

    page = viewer.get(f"/batches/{work.key}").content.decode()

    assert re.findall(r"\d\d:\d\d(?=</time>)", page[page.index('class="why"') :].split("</section>")[0]) == (
        ["05:00"] * 6
    )
