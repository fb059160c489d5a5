"""The buffer of samples on their way to the store."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.design.values.metric import Metric
from toban.engine.telemetry.buffer import Batching, FlushOutcome, SampleBuffer, ready
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SOON = timedelta(seconds=2)
BY_THREE = Batching(size=3, age=SOON, bound=10)


class FakeStore:
    """Stores what it gets, once per token; fails as long as it is told to."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[float, ...]] = {}
        self.attempts: list[str] = []
        self.failure: Exception | None = None
        self.loses_acknowledgement = False
        self.forgets: set[str] = set()
        """Tokens acknowledged as repetitions although a kill lost their rows."""

    def write(self, samples: Sequence[Sample], *, token: str) -> None:
        self.attempts.append(token)
        if self.failure is not None:
            raise self.failure
        if token not in self.forgets:
            self.stored[token] = tuple(sample.value for sample in samples)
        if self.loses_acknowledgement:
            raise StoreUnavailable("cut off")

    def missing(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        held = {value for values in self.stored.values() for value in values}
        return [sample for sample in samples if sample.value not in held]

    @property
    def values(self) -> list[float]:
        return [value for batch in self.stored.values() for value in batch]


def _samples(*values: float, at: datetime = NOON) -> list[Sample]:
    return [Sample(Metric.CPU_USAGE, "Web", "web-1", at, value) for value in values]


@pytest.mark.parametrize(
    ("waiting", "oldest", "count"),
    [
        (0, None, 0),
        (2, NOON, 0),
        (2, NOON - SOON + timedelta(milliseconds=1), 0),
        (2, NOON - SOON, 2),
        (3, NOON, 3),
        (7, NOON - SOON, 3),
    ],
)
def test_samples_are_sent_when_numerous_or_old_enough(
    waiting: int, oldest: datetime | None, count: int
) -> None:
    assert ready(waiting, oldest, batching=BY_THREE, now=NOON) == count


def test_a_few_fresh_samples_wait() -> None:
    store = FakeStore()
    buffer = SampleBuffer(store, BY_THREE)
    buffer.add(_samples(1, 2))

    flushed = buffer.flush(NOON)

    assert flushed == FlushOutcome(stored=0, trouble="")
    assert (buffer.pending, store.attempts) == (2, [])


def test_full_batches_are_sent_in_order_and_the_rest_waits() -> None:
    store = FakeStore()
    buffer = SampleBuffer(store, BY_THREE)
    buffer.add(_samples(1, 2, 3, 4, 5, 6, 7))

    flushed = buffer.flush(NOON)

    assert flushed.stored == 6
    assert list(store.stored.values()) == [(1, 2, 3), (4, 5, 6)]
    assert buffer.pending == 1


def test_everything_is_sent_at_the_end() -> None:
    store = FakeStore()
    buffer = SampleBuffer(store, BY_THREE)
    buffer.add(_samples(1, 2, 3, 4))

    buffer.flush(NOON, everything=True)

    assert store.values == [1, 2, 3, 4]
    assert buffer.pending == 0


def test_a_batch_is_sent_again_with_its_token_until_it_is_acknowledged() -> None:
    store = FakeStore()
    buffer = SampleBuffer(store, BY_THREE)
    buffer.add(_samples(1, 2, 3))
    store.failure = StoreUnavailable("down")
    first = buffer.flush(NOON)
    buffer.add(_samples(4, 5, 6))
    second = buffer.flush(NOON)
    store.failure = None

    third = buffer.flush(NOON)

    assert (first, second) == (FlushOutcome(0, "down"), FlushOutcome(0, "down"))
    assert third == FlushOutcome(6, "")
    assert list(store.stored.values()) == [(1, 2, 3), (4, 5, 6)]
    assert len(set(store.attempts[:3])) == 1
    assert store.attempts[3] != store.attempts[0]


def test_a_lost_acknowledgement_stores_nothing_twice() -> None:
    store = FakeStore()
    buffer = SampleBuffer(store, BY_THREE)
    buffer.add(_samples(1, 2, 3))
    store.loses_acknowledgement = True
    buffer.flush(NOON)
    store.loses_acknowledgement = False

    buffer.flush(NOON)

    assert store.values == [1, 2, 3]
    assert (buffer.pending, buffer.dropped) == (0, 0)


def test_samples_lost_by_a_kill_are_stored_although_their_token_was_recorded() -> None:
    store = FakeStore()
    buffer = SampleBuffer(store, BY_THREE)
    buffer.add(_samples(1, 2, 3))
    store.failure = StoreUnavailable("killed")
    buffer.flush(NOON)
    store.failure, store.forgets = None, set(store.attempts)

    flushed = buffer.flush(NOON)

    assert flushed == FlushOutcome(stored=3, trouble="")
    assert sorted(store.values) == [1, 2, 3]


def test_the_oldest_samples_are_dropped_and_counted_only_beyond_the_limit() -> None:
    store = FakeStore()
    store.failure = StoreUnavailable("down")
    buffer = SampleBuffer(store, BY_THREE)

    buffer.add(_samples(*range(10)))
    at_the_bound = buffer.dropped
    buffer.add(_samples(10, 11))
    store.failure = None
    buffer.flush(NOON, everything=True)

    assert at_the_bound == 0
    assert buffer.dropped == 2
    assert store.values == list(range(2, 12))


def test_a_batch_being_sent_is_never_dropped() -> None:
    store = FakeStore()
    store.failure = StoreUnavailable("down")
    buffer = SampleBuffer(store, BY_THREE)
    buffer.add(_samples(0, 1, 2))
    buffer.flush(NOON)
    buffer.add(_samples(*range(3, 15)))
    store.failure = None

    buffer.flush(NOON, everything=True)

    assert store.values == [0, 1, 2, *range(5, 15)]
    assert buffer.dropped == 2


def test_a_permanently_refused_batch_does_not_delay_the_others() -> None:
    store = FakeStore()
    buffer = SampleBuffer(store, BY_THREE)
    buffer.add(_samples(1, 2, 3, 4, 5, 6))
    store.failure = StoreRefused("constraint")

    refused = buffer.flush(NOON)
    store.failure = None
    buffer.flush(NOON)

    assert refused == FlushOutcome(0, "constraint")
    assert store.values == [4, 5, 6]
    assert buffer.dropped == 3


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_never_reaches_the_store(value: float) -> None:
    store = FakeStore()
    buffer = SampleBuffer(store, BY_THREE)

    buffer.add(_samples(1, value, 2))
    buffer.flush(NOON, everything=True)

    assert store.values == [1, 2]
    assert buffer.dropped == 1


def test_samples_that_another_worker_may_have_stored_are_looked_up_first() -> None:
    store = FakeStore()
    store.stored["of the other worker"] = (1, 2)
    buffer = SampleBuffer(store, BY_THREE)
    buffer.add([replace(each, may_be_stored=True) for each in _samples(1, 2, 3)])
    buffer.add([replace(each, may_be_stored=True) for each in _samples(1, 2)] + _samples(2))

    flushed = buffer.flush(NOON)

    assert flushed.stored == 6
    assert list(store.stored.values()) == [(1, 2), (3,), (2,)]
    assert buffer.pending == 0


def test_everything_is_stored_until_the_last_flush_before_what_still_waits() -> None:
    store = FakeStore()
    buffer = SampleBuffer(store, BY_THREE)
    assert buffer.stored_until is None

    buffer.flush(NOON)
    assert buffer.stored_until == NOON

    buffer.add(_samples(1, 2, 3, 4))
    buffer.flush(NOON + SOON / 2)
    assert buffer.stored_until == NOON
    store.failure = StoreUnavailable("down")
    buffer.flush(NOON + SOON)
    assert buffer.stored_until == NOON
    store.failure = None
    buffer.flush(NOON + 2 * SOON)
    assert buffer.stored_until == NOON + 2 * SOON


def test_what_was_dropped_is_not_waited_for() -> None:
    store = FakeStore()
    store.failure = StoreUnavailable("down")
    buffer = SampleBuffer(store, Batching(size=3, age=SOON, bound=4))
    buffer.add(_samples(1, 2, 3, 4))
    buffer.flush(NOON)
    buffer.add(_samples(5, 6, 7, 8))

    store.failure = None
    buffer.flush(NOON + SOON)

    assert buffer.pending == 0
    assert buffer.stored_until == NOON + SOON
