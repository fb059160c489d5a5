from datetime import UTC, datetime, timedelta

from toban.engine.notify.routing.silences import ActiveSilence, lifted_at, silencing

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LABELS = {"target": "DB", "item": "cpu", "instance": "db-1"}


def quiet(start: datetime = NOON, end: datetime = NOON + HOUR, **matchers: str) -> ActiveSilence:
    return ActiveSilence(matchers, "上原", "増設中", start, end)


def test_every_matcher_must_hold() -> None:
    assert quiet(target="DB", item="cpu").covers("monitoring/monitor/DB", LABELS)
    assert quiet(clause="monitoring/monitor/DB").covers("monitoring/monitor/DB", LABELS)
    assert not quiet(target="DB", item="memory").covers("monitoring/monitor/DB", LABELS)
    assert not quiet(target="DB").covers("batch/batch/B001", {"batch": "B001"})


def test_nobody_silences_what_is_told_about_approvals() -> None:
    for silence in (quiet(item="approval"), quiet(clause="batch/batch/B001")):
        assert not silence.covers("batch/batch/B001", {"item": "approval"})
    assert quiet(item="approval").covers("errors/1", {"target": "shop", "item": "approval", "error": "1"})


def test_a_silence_ends_at_its_exclusive_end() -> None:
    silences = [quiet(target="DB")]

    assert silencing(silences, "x", LABELS, NOON - timedelta(microseconds=1)) is None
    assert silencing(silences, "x", LABELS, NOON) == silences[0]
    assert silencing(silences, "x", LABELS, NOON + HOUR - timedelta(microseconds=1)) == silences[0]
    assert silencing(silences, "x", LABELS, NOON + HOUR) is None


def test_the_silence_that_ends_last_is_named() -> None:
    longer = quiet(end=NOON + 2 * HOUR, item="cpu")

    assert silencing([quiet(target="DB"), longer], "x", LABELS, NOON) == longer


def test_an_alert_is_no_longer_silenced_from_the_last_end() -> None:
    silences = [quiet(target="DB"), quiet(end=NOON + 2 * HOUR, item="memory")]

    assert lifted_at(silences, "x", LABELS, NOON + HOUR - timedelta(microseconds=1)) is None
    assert lifted_at(silences, "x", LABELS, NOON + HOUR) == NOON + HOUR
