"""The parameters of a work: stored for processes that load no kinds, and checked again by the worker."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.engine.runs.conftest import NOON, MakeWork
from tests.integration.engine.runs.workers import ask, notes, run

from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.parameters import Parameter, read
from toban.engine.runs.rules import RunReason
from toban.engine.runs.scheduler import plan_due
from toban.message import plain

DATE = Parameter("date", plain("集計し直す日"), "2026-11-24")


@pytest.mark.django_db
def test_the_parameters_of_a_work_are_stored_and_follow_a_new_binding(make_work: MakeWork) -> None:
    command = make_work(parameters=None)
    plan_due([command], NOON)
    before = PlannedWork.objects.get()

    plan_due([replace(command, parameters=(DATE,))], NOON)

    after = PlannedWork.objects.get()
    assert read(before.parameters) is None
    assert read(after.parameters) == (DATE,)
    assert after.planned_until == before.planned_until


@pytest.mark.django_db
def test_a_run_of_the_schedule_has_the_defaults(make_work: MakeWork) -> None:
    work = make_work(parameters=(replace(DATE, default="2026-11-23"), Parameter("to", plain(""))))
    plan_due([work], NOON - timedelta(hours=12))

    plan_due([work], NOON)

    assert Run.objects.get().parameters == {"date": "2026-11-23"}


def test_a_run_ordered_under_an_older_binding_refuses_unknown_parameters(
    sqlite: Mapping[str, str], tmp_path: Path
) -> None:
    assert run(sqlite, "unknown", tmp_path) == 0

    told = ask(sqlite)
    assert ([each["state"] for each in told.runs], told.steps) == (["failed"], [])
    assert [each["outcome"] for each in told.attempts] == [RunReason.NOT_RUNNABLE]
    assert notes(tmp_path) == []
