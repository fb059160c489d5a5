"""`toban incident figures`: how fast incidents were answered and over."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.chapters.incident.place import HOUR, MINUTE, TOKYO, Place
from tests.integration.faces.cli.incident.conftest import Run

from toban.chapters.incident.models import Incident
from toban.engine.clock import system_clock

pytestmark = pytest.mark.django_db


def figures(toban: Run, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(toban("figures", *words, "--format", "json").output)
    return found


def test_without_an_incident_that_is_said(kept: Place, toban: Run) -> None:
    assert kept.plan.levels

    assert toban("figures").output == "この期間に障害はない。\n"
    assert figures(toban)["count"] == 0
    assert len(figures(toban)["by_month"]) == 6


def test_times_are_counted_by_month_and_level_without_drills(kept: Place, toban: Run) -> None:
    kept.outage(answered=2 * MINUTE, over=30 * MINUTE)
    kept.pass_(HOUR).outage(answered=4 * MINUTE, over=50 * MINUTE)
    kept.pass_(HOUR).outage(answered=None, over=10 * MINUTE)
    Incident.objects.filter(pk=Incident.objects.latest("pk").pk).update(is_drill=True)
    # All of them in this month, whatever the hour.
    Incident.objects.update(is_drill=False)
    first, second, third = Incident.objects.order_by("pk")
    Incident.objects.filter(pk=third.pk).update(is_drill=True)
    now = system_clock()
    for each in (first, second):
        moved = (now - timedelta(minutes=1)) - each.detected_at
        each.detected_at += moved
        each.responded_at = each.responded_at + moved if each.responded_at else None
        each.recovered_at = each.recovered_at + moved if each.recovered_at else None
        each.save()

    found = figures(toban, "--months", "2")

    assert (found["count"], found["ongoing"]) == (2, 0)
    assert found["to_response"] == {"count": 2, "mean": 180.0, "median": 180.0, "longest": 240.0}
    assert found["to_recovery"]["longest"] == pytest.approx(3001, abs=2)
    assert [each["level"] for each in found["by_level"]] == ["Critical"]
    month = f"{(now - timedelta(minutes=1)).astimezone(TOKYO):%Y-%m}"
    assert {each["month"]: each["count"] for each in found["by_month"]}[month] == 2
    words = toban("figures").output
    assert f"  {month}  2 件(継続中 0 件)  MTTA 3分 (3分、4分)  MTTR 40分" in words
    assert "  Critical  2 件(" in words
    assert "     2  既知のパターン以外" in words


@pytest.mark.parametrize("months", ["0", "25", "-1", "many"])
def test_a_number_of_months_that_cannot_be_is_refused(toban: Run, months: str) -> None:
    assert "エラー: " in toban("figures", "--months", months, status=2).output
