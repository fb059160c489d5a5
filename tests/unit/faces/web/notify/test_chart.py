"""The time range in which an alert is drawn."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.faces.web.notify.chart import span

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("lasted", "before", "after"),
    [
        (4 * MINUTE, 30 * MINUTE, 15 * MINUTE),
        (4 * HOUR, 2 * HOUR, 2 * HOUR),
    ],
)
def test_the_alert_is_in_the_middle_of_the_chart(
    lasted: timedelta, before: timedelta, after: timedelta
) -> None:
    start, end = span(NOON, NOON + lasted, NOON + 100 * HOUR)

    assert (NOON - start, end - NOON - lasted) == (before, after)


def test_an_ongoing_alert_is_drawn_up_to_now() -> None:
    assert span(NOON, None, NOON + HOUR) == (NOON - 30 * MINUTE, NOON + HOUR)


def test_nothing_in_the_future_is_drawn() -> None:
    assert span(NOON, NOON + HOUR, NOON + HOUR + MINUTE)[1] == NOON + HOUR + MINUTE
