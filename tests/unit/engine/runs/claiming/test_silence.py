"""When another worker counts as silent, at the boundaries."""

from datetime import UTC, datetime, timedelta

from toban.engine.runs.claiming.silence import BEAT, SILENCE, SURE, Silences

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


class Looks:
    """A worker that watches another one's run, with a clock moved by the test."""

    def __init__(self) -> None:
        self.now = 0.0
        self.silences = Silences(lambda: self.now)

    def after(self, seconds: float, lease: datetime = NOON, fence: int = 1) -> bool:
        """Look *seconds* after the last look; return whether the run's worker is silent."""
        self.now += seconds
        return 7 in self.silences.look({7: (fence, lease)})


def test_a_lease_unchanged_for_the_whole_observation_period_is_silent() -> None:
    looks = Looks()
    looks.after(0)

    found = [looks.after(1) for _ in range(int(SILENCE))]

    assert found == [False] * (int(SILENCE) - 1) + [True]


def test_a_heartbeat_restarts_the_observation_period() -> None:
    looks = Looks()
    for _ in range(5):
        looks.after(1)

    assert not looks.after(1, NOON + timedelta(seconds=1))


def test_another_holder_restarts_the_observation_period() -> None:
    looks = Looks()
    for _ in range(5):
        looks.after(1)

    assert not looks.after(1, fence=2)


def test_a_gap_between_looks_counts_as_one_second_whatever_its_length() -> None:
    looks = Looks()
    looks.after(0)

    assert not looks.after(3600)
    assert not looks.after(3600)
    assert not looks.after(3600)
    assert looks.after(3600)


def test_the_next_look_comes_when_a_silence_is_just_long_enough() -> None:
    looks = Looks()
    looks.after(0)
    for _ in range(int(SILENCE) - 1):
        looks.after(1)

    assert not looks.after(0.875)
    assert looks.silences.next_look() == 0.125
    assert looks.after(0.125)


def test_a_worker_that_can_take_nothing_over_looks_no_more_often() -> None:
    looks = Looks()
    looks.after(0)
    for _ in range(int(SILENCE)):
        looks.after(1)

    assert looks.silences.next_look() == 0.25


def test_a_worker_is_sure_for_a_part_of_the_time_in_which_it_may_miss_heartbeats() -> None:
    assert SURE + BEAT < SILENCE


def test_right_after_a_state_database_outage_no_worker_is_silent() -> None:
    looks = Looks()
    looks.after(0)
    for _ in range(4):
        looks.after(1)

    looks.silences.forget()

    assert not looks.after(1)
    assert not looks.after(1)


def test_where_nobody_was_seen_the_next_look_comes_later() -> None:
    looks = Looks()
    looks.silences.look({})
    in_vain = looks.silences.next_look()

    looks.after(0)

    assert (in_vain, looks.silences.next_look()) == (0.5, 0.25)
