"""Capacity in the monthly report: the days of the month, and the forecast from its end."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.integration.chapters.capacity.place import DAY, GB, NOON, Place
from tests.integration.chapters.capacity.test_rows import STORAGE, grown
from tests.integration.engine.reports.conftest import judged
from tests.registered import PARTS

from toban.chapters.capacity.rows import monthly
from toban.engine.evidence.verdict import Verdict
from toban.engine.reports.month import month_named
from toban.engine.reports.monthly import MonthlyReport, make
from toban.engine.telemetry.store import StoreUnavailable

pytestmark = pytest.mark.django_db

OCTOBER = datetime(2026, 10, 1, tzinfo=NOON.tzinfo)


def report_of(place: Place, now: datetime | None = None) -> MonthlyReport:
    judged("x", Verdict.CONFORMING, OCTOBER)
    edition = place.edition
    return make(edition, PARTS, month_named("2026-10", edition.bindings.system.zone, now or place.now))


@pytest.fixture
def asked(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(monthly, "telemetry", lambda: place.telemetry)
    grown(place, 80)
    place.measure()
    return place


def test_the_forecast_is_made_from_the_days_before_the_end_of_the_month(asked: Place) -> None:
    report = report_of(asked)

    # The 31st is the 55th day of 80: one GB a day from 100 GB, and 70% of 500 GB are waited for.
    assert report.figures["capacity-2-peak"].number == pytest.approx(154 * GB, rel=0.01)
    assert str(report.figures["capacity-2-share"].value) == "31.0%"
    assert report.figures["capacity-2-share"].is_kept is True
    assert report.figures["capacity-2-days"].number == pytest.approx(195, abs=5)
    assert len(report.tables["capacity-2"].rows) == 31
    assert report.tables["capacity"].rows[1][0] == STORAGE


def test_later_days_do_not_change_the_report(asked: Place) -> None:
    def figures(now: datetime) -> dict[str, Any]:
        report = report_of(asked, now)
        return {key: each.number for key, each in report.figures.items() if key.startswith("capacity")}

    assert figures(NOON) == figures(NOON - 20 * DAY)


def test_what_was_not_measured_has_no_figure_and_says_why(asked: Place) -> None:
    report = report_of(asked)

    assert report.figures["capacity-1-peak"].number is None
    assert "capacity-1-days" not in report.figures
    assert str(report.tables["capacity"].rows[0][-1])


def test_without_the_store_nothing_is_claimed(asked: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Any:
        raise StoreUnavailable

    monkeypatch.setattr(monthly, "telemetry", gone)

    report = report_of(asked, NOON + timedelta(minutes=1))

    assert not [key for key in report.figures if key.startswith("capacity")]
