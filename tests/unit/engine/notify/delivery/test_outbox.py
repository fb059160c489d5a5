from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.notify.delivery.attempts import next_attempt
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.outbox import GIVE_UP

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
PASSING = Undelivered("503", retry=True)


def wait(
    attempts: int, failure: Undelivered = PASSING, *, jitter: float = 0.0, age: timedelta = timedelta()
) -> timedelta | None:
    now = NOON + age
    at = next_attempt(failure, attempts=attempts, created_at=NOON, now=now, jitter=jitter, give_up=GIVE_UP)
    return None if at is None else at - now


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (1000, 300)])
def test_waits_double_up_to_five_minutes(attempts: int, seconds: int) -> None:
    assert wait(attempts) == timedelta(seconds=seconds)


def test_jitter_shortens_a_wait_by_up_to_a_half() -> None:
    assert wait(3, jitter=0.5) == timedelta(seconds=6)


def test_the_wait_requested_by_the_receiver_is_kept() -> None:
    assert wait(1, Undelivered("429", retry=True, after=90)) == timedelta(seconds=90)


def test_a_requested_wait_shorter_than_ours_changes_nothing() -> None:
    assert wait(3, Undelivered("429", retry=True, after=1)) == timedelta(seconds=8)


def test_a_permanent_refusal_is_not_retried() -> None:
    assert wait(1, Undelivered("401", retry=False)) is None


def test_the_last_attempt_comes_before_the_notice_is_abandoned() -> None:
    assert wait(16, age=GIVE_UP - timedelta(seconds=301)) == timedelta(seconds=300)
    assert wait(16, age=GIVE_UP - timedelta(seconds=300)) is None


def test_an_old_notice_is_abandoned_only_after_many_attempts() -> None:
    assert wait(15, age=2 * GIVE_UP) == timedelta(seconds=300)
    assert wait(16, age=2 * GIVE_UP) is None
