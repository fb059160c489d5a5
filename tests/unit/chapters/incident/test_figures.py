"""Figures over incidents."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.incident.figures import IncidentSpan, by_level, by_month, by_pattern, figures

NOON = datetime(2026, 4, 6, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE = IncidentSpan(1, "High", ("Webダウン",), NOON, NOON + 2 * MINUTE, NOON + 10 * MINUTE)
TWO = IncidentSpan(2, "Critical", (), NOON, NOON + 4 * MINUTE, NOON + 40 * MINUTE)
GOING_ON = IncidentSpan(3, "High", ("Webダウン", "API遅延"), NOON)


def test_times_to_response_and_recovery_are_of_those_that_have_one() -> None:
    found = figures([ONE, TWO, GOING_ON])

    assert (found.count, found.ongoing) == (3, 1)
    assert (found.to_response.count, found.to_response.mean) == (2, 3 * MINUTE)
    assert (found.to_recovery.mean, found.to_recovery.longest) == (25 * MINUTE, 40 * MINUTE)
    third = replace(ONE, number=4, recovered_at=NOON + 100 * MINUTE)
    assert figures([ONE, TWO, third]).to_recovery.median == 40 * MINUTE


def test_without_incidents_nothing_is_made_up() -> None:
    found = figures([])

    assert (found.count, found.to_response.mean, found.to_recovery.median) == (0, None, None)


def test_drills_and_merged_incidents_do_not_count() -> None:
    others = [replace(ONE, is_drill=True), replace(TWO, is_merged=True)]

    assert figures([ONE, *others]) == figures([ONE])
    assert by_pattern(others) == {}
    assert list(by_level(others, [])) == []


def test_levels_come_in_the_documents_order_and_patterns_by_their_number() -> None:
    found = by_level([ONE, TWO, GOING_ON, replace(TWO, level="旧P1")], ["Critical", "High", "Low"])

    assert {name: each.count for name, each in found.items()} == {
        "Critical": 1,
        "High": 2,
        "Low": 0,
        "旧P1": 1,
    }
    assert by_pattern([ONE, TWO, GOING_ON]) == {"Webダウン": 2, "": 1, "API遅延": 1}


def test_an_incident_belongs_to_the_month_of_its_detection_in_the_documents_zone() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    before = replace(ONE, detected_at=datetime(2026, 3, 31, 14, 59, tzinfo=UTC))
    after = replace(ONE, detected_at=datetime(2026, 3, 31, 15, 0, tzinfo=UTC))

    found = by_month([before, after, ONE], tokyo, 3, date(2026, 4, 30))

    assert {month: each.count for month, each in found.items()} == {
        date(2026, 2, 1): 0,
        date(2026, 3, 1): 1,
        date(2026, 4, 1): 2,
    }
