from datetime import UTC, datetime, timedelta

from toban.engine.notify.routing.flapping import CALM, MOST, SPAN, is_calm, is_flapping

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def test_the_fifth_alert_within_half_an_hour_is_flapping() -> None:
    before = [NOON - SPAN + timedelta(minutes=number) for number in range(MOST)]

    assert is_flapping(before, NOON)
    assert not is_flapping(before[1:], NOON)
    assert not is_flapping(before, NOON + MOMENT)


def test_flapping_ends_after_a_calm_period() -> None:
    assert not is_calm(NOON, NOON + CALM - MOMENT)
    assert is_calm(NOON, NOON + CALM)
