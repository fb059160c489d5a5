"""Failures that the calendar makes at the same time take turns."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.incident.gameday.day import (
    NOON,
    Day,
    bindings,
)
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.incident.gameday import holding, settling
from toban.chapters.incident.models import GameDay
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.models import Run
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import StepFailed
from toban.message import Message, message_of

pytestmark = pytest.mark.django_db

DB_KEY, DB_ROW = "game-day/DBサーバーダウン", "incident/failure-pattern/DBサーバーダウン"


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    """A day whose calendar makes two failures at the same time."""
    monkeypatch.setattr(holding, "_LOOK", 0.0)
    other = bindings().replace("Webサーバーダウン", "DBサーバーダウン")
    day = Day(tmp_path, bindings(other + '[game_days]\nschedule = "毎月第1水曜 10:00"\n'))
    Run.objects.filter(pk=day.run.pk).update(ordered_by="schedule")
    plan_due(list(holding.works(day.plan).values()), day.now)
    return day


def refused_for_another(day: Day) -> Run:
    """Have the calendar's second run find the first, and end as the worker ends it."""
    run = Run.objects.create(
        work=DB_KEY, due_at=NOON, clause_id=DB_ROW, document_digest="", ordered_by="schedule", wake_at=NOON,
        state=Run.State.RUNNING,
    )  # fmt: skip
    work = holding.works(day.plan, day.clock)[DB_KEY]
    with pytest.raises(StepFailed) as failed:
        work.steps[0].act(FakeTurn(run_id=run.pk))
    note = Message("runs.in-step", step="break", said=message_of(failed.value))
    Run.objects.filter(pk=run.pk).update(state=Run.State.FAILED, note=note, ended_at=day.now)
    return run


def test_what_the_calendar_makes_at_one_time_is_made_one_after_the_other(two: Day) -> None:
    two.do("break")
    second = refused_for_another(two)
    settling.settle(two.plan, two.now, two.clock)
    second.refresh_from_db()
    assert second.state == Run.State.FAILED

    two.now += two.planned.config.within
    with pytest.raises(StepFailed):
        two.do("watch", "restore", "certify")
    Run.objects.filter(pk=two.run.pk).update(state=Run.State.FAILED)
    settling.settle(two.plan, two.now, two.clock)

    second.refresh_from_db()
    assert second.state == Run.State.WAITING
    assert LedgerEntry.objects.latest("sequence").content["order"] == "again"


def test_what_was_refused_for_another_reason_or_long_ago_gets_no_other_turn(two: Day) -> None:
    two.do("break")
    second = refused_for_another(two)
    GameDay.objects.update(state=GameDay.State.PASSED, ended_at=two.now)
    Run.objects.filter(pk=two.run.pk).update(state=Run.State.DONE)

    settling.settle(two.plan, NOON + timedelta(hours=12), two.clock)
    second.refresh_from_db()
    assert second.state == Run.State.FAILED

    maintained = Message("runs.in-step", step="break", said=Message("incident-gameday.in-maintenance"))
    Run.objects.filter(pk=second.pk).update(note=maintained)
    settling.settle(two.plan, two.now, two.clock)
    second.refresh_from_db()
    assert second.state == Run.State.FAILED
