"""When another worker counts as silent, at the boundaries."""

from datetime import UTC, datetime, timedelta

from toban.engine.runs.claiming.silence import SILENCE, Silences

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


class Looks:
    """A worker that looks at another's run, on a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.silences = Silences(lambda: self.now)

    def after(self, seconds: float, lease: datetime = NOON, fence: int = 1) -> bool:
        """Look *seconds* after the last time; say whether the run's worker is silent."""
        self.now += seconds
        return 7 in self.silences.look({7: (fence, lease)})


def test_a_lease_that_has_not_moved_for_the_whole_span_of_looking_is_silence() -> None:
    looks = Looks()
    looks.after(0)

    found = [looks.after(1) for _ in range(int(SILENCE))]

    assert found == [False] * (int(SILENCE) - 1) + [True]


def test_a_heartbeat_begins_the_span_anew() -> None:
    looks = Looks()
    for _ in range(5):
        looks.after(1)

    assert not looks.after(1, NOON + timedelta(seconds=1))


def test_another_holder_begins_the_span_anew() -> None:
    looks = Looks()
    for _ in range(5):
        looks.after(1)

    assert not looks.after(1, fence=2)


def test_a_gap_between_looks_counts_for_two_seconds_whatever_its_length() -> None:
    looks = Looks()
    looks.after(0)

    assert not looks.after(3600)
    assert not looks.after(3600)
    assert looks.after(3600)


def test_after_the_state_database_was_away_nobody_is_silent_yet() -> None:
    looks = Looks()
    looks.after(0)
    for _ in range(4):
        looks.after(1)

    looks.silences.forget()

    assert not looks.after(1)
    assert not looks.after(1)
