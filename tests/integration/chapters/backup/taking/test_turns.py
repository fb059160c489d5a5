"""Works on one subject take turns, whichever worker does them and even if it dies."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from toban.chapters.backup.models import SubjectTurn
from toban.chapters.backup.taking import turns
from toban.chapters.backup.taking.turns import LEASE, NoTurn, turn_of
from toban.message import NOTHING, Message

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)


class Watcher:
    """Stops a wait after a number of looks."""

    def __init__(self, patience: int = 1_000) -> None:
        self.said: list[Message] = []
        self._patience = patience

    def say(self, text: Message) -> None:
        self.said.append(text)

    def progress(self, percent: float | None, text: Message = NOTHING) -> None:
        """Ignore the progress."""

    def why_stop(self) -> object | None:
        self._patience -= 1
        return "cancelled" if self._patience < 0 else None


def close_connection_of_this_thread() -> None:
    """Close this thread's connection: Django keeps connections to an in-memory database open."""
    raw = connections["default"].connection
    connections.close_all()
    if raw is not None:
        raw.close()


def test_a_second_run_waits_for_the_first_and_says_so() -> None:
    order: list[str] = []
    second = Watcher()

    def later() -> None:
        try:
            with turn_of("PostgreSQL", second):
                order.append("second")
        finally:
            close_connection_of_this_thread()

    with turn_of("PostgreSQL", Watcher()):
        thread = threading.Thread(target=later)
        thread.start()
        while not second.said:
            time.sleep(0.01)
        order.append("first")
    thread.join()

    assert order == ["first", "second"]
    assert second.said == [Message("backup.waiting-for-turn", subject="PostgreSQL")]
    assert not SubjectTurn.objects.exists()


def test_other_subjects_do_not_wait() -> None:
    with turn_of("PostgreSQL", Watcher()), turn_of("Redis", Watcher(0)):
        assert SubjectTurn.objects.count() == 2


def test_a_wait_ends_when_its_run_is_stopped() -> None:
    with (
        turn_of("PostgreSQL", Watcher()),
        pytest.raises(NoTurn, match="止められました"),
        turn_of("PostgreSQL", Watcher(0)),
    ):
        pytest.fail("two at once")


@pytest.mark.parametrize(
    ("now", "run", "is_free"),
    [
        (NOON + LEASE - timedelta(microseconds=1), 2, False),
        (NOON + LEASE, 2, True),
        (NOON, 1, True),
        (NOON, None, False),
    ],
    ids=["still held", "lease over", "own run, taken over", "a command"],
)
def test_the_turn_of_a_killed_worker_is_free_to_its_own_run_or_when_the_lease_ends(
    now: datetime, run: int | None, is_free: bool
) -> None:
    SubjectTurn.objects.create(subject="PostgreSQL", holder="dead", run=1, until=NOON + LEASE)

    if is_free:
        with turn_of("PostgreSQL", Watcher(0), run=run, clock=lambda: now) as held:
            held.check()
    else:
        with pytest.raises(NoTurn), turn_of("PostgreSQL", Watcher(0), run=run, clock=lambda: now):
            pytest.fail("two at once")


def test_a_worker_that_stalled_too_long_finds_that_its_turn_is_lost() -> None:
    with turn_of("PostgreSQL", Watcher()) as held:
        SubjectTurn.objects.update(holder="another")

        with pytest.raises(NoTurn, match="失いました"):
            held.check()

    assert SubjectTurn.objects.get().holder == "another"


class Ticks(threading.Event):
    """An event that counts as set after some renewals."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._left = count

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - Event has it
        self._left -= 1
        return self._left < 0


def test_a_turn_is_renewed_while_it_is_held() -> None:
    with turn_of("PostgreSQL", Watcher(), clock=lambda: NOON):
        holder = SubjectTurn.objects.get().holder

        turns._renew("PostgreSQL", holder, lambda: NOON + timedelta(hours=1), Ticks(1))
        turns._renew("PostgreSQL", "another", lambda: NOON + timedelta(hours=2), Ticks(1))

        assert SubjectTurn.objects.get().until == NOON + timedelta(hours=1) + LEASE
