"""How often an API is queried, and how long it is not queried after a refusal."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.monitoring.sources.paced import PacedApi, Throttled, Withheld, pause, wait_in
from toban.message import plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Api:
    """Answers with the number of its queries, or refuses."""

    def __init__(self, refusal: Withheld | None = None) -> None:
        self.asked = 0
        self.refusal = refusal

    def ask(self) -> int:
        self.asked += 1
        if self.refusal is not None:
            raise self.refusal
        return self.asked


def test_an_answer_is_reused_until_the_next_query_is_due() -> None:
    api, paced = Api(), PacedApi[int](MINUTE)

    told = [paced.read(api.ask, NOON + timedelta(seconds=each)) for each in (0, 15, 59.9, 60, 75)]

    assert told == [1, 1, 1, 2, 2]


def test_an_insufficient_answer_is_requested_again_at_once() -> None:
    api, paced = Api(), PacedApi[int](MINUTE)
    paced.read(api.ask, NOON)

    told = paced.read(api.ask, NOON, lambda answer: answer > 1)

    assert told == 2


def test_a_refusal_is_reused_like_an_answer() -> None:
    api, paced = Api(Withheld(plain("鍵が違います"))), PacedApi[int](MINUTE)

    for seconds in (0, 30, 60):
        with pytest.raises(Withheld, match="鍵が違います"):
            paced.read(api.ask, NOON + timedelta(seconds=seconds))

    assert api.asked == 2


def test_an_api_that_asks_for_a_pause_is_not_queried_even_without_an_answer() -> None:
    api, paced = Api(Throttled(plain("絞られています"), timedelta(minutes=5))), PacedApi[int](MINUTE)
    with pytest.raises(Withheld):
        paced.read(api.ask, NOON)
    api.refusal = None

    with pytest.raises(Withheld, match="絞られています"):
        paced.read(api.ask, NOON + timedelta(minutes=4, seconds=59), lambda _: False)

    assert paced.read(api.ask, NOON + timedelta(minutes=5)) == 2


@pytest.mark.parametrize(
    ("throttled", "wait", "minutes"),
    [
        (0, None, 1),
        (1, None, 2),
        (3, None, 8),
        (9, None, 8),
        (9, timedelta(seconds=90), 1.5),
        (0, timedelta(seconds=5), 1),
        (0, timedelta(days=1), 60),
    ],
)
def test_a_pause_is_as_long_as_requested_or_grows(
    throttled: int, wait: timedelta | None, minutes: float
) -> None:
    assert pause(MINUTE, throttled, wait) == minutes * MINUTE


def test_pauses_are_short_again_after_an_answer() -> None:
    api, paced = Api(Throttled(plain("絞られています"))), PacedApi[int](MINUTE)
    for minutes in (0, 1):
        with pytest.raises(Withheld):
            paced.read(api.ask, NOON + minutes * MINUTE)
    api.refusal = None
    paced.read(api.ask, NOON + 3 * MINUTE)
    api.refusal = Throttled(plain("絞られています"))

    with pytest.raises(Withheld):
        paced.read(api.ask, NOON + 4 * MINUTE)
    api.refusal = None

    assert paced.read(api.ask, NOON + 5 * MINUTE) == 5


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("42", 42.0), ("0.5", 0.5), ("1e9", 3600.0), (None, None), ("soon", None), ("-1", None), ("nan", None)],
)
def test_only_a_number_of_seconds_counts_as_a_retry_time(header: str | None, seconds: float | None) -> None:
    wait = wait_in(header)

    assert (None if wait is None else wait.total_seconds()) == seconds
