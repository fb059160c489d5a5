"""A question that was put into SQL once is answered as the query would be each time."""

import threading
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models import DateTimeField, Exists, Max, OuterRef
from django.db.models.query import QuerySet

from toban.engine.runs.models import Run
from toban.engine.state.question import NOW, Given, Question
from toban.message import Message

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 3, 0, 0, 250_000, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(work: str, at: datetime, **more: object) -> Run:
    return Run.objects.create(work=work, due_at=at, wake_at=at, reason="on-time", **more)


def waiting() -> QuerySet[Run]:
    busy = Run.objects.filter(work=OuterRef("work"), state=Run.State.RUNNING)
    return Run.objects.filter(state=Run.State.WAITING, wake_at__lte=NOW).exclude(Exists(busy))


def test_the_answer_is_that_of_the_moment() -> None:
    asked = Question(lambda: waiting().order_by("wake_at").values_list("work"))
    run("A", NOON)
    run("B", NOON + HOUR)
    run("B", NOON + 2 * HOUR, state=Run.State.RUNNING)

    before, then = asked.rows(now=NOON - timedelta(microseconds=1)), asked.rows(now=NOON)
    run("C", NOON - HOUR)

    assert (before, then) == ([], [("A",)])
    assert asked.rows(now=NOON + HOUR) == [("C",), ("A",)]


def test_values_come_back_as_the_fields_have_them() -> None:
    run("A", NOON, note=Message("runs.unsigned"), parameters={"rid": "7"})
    asked = Question(lambda: Run.objects.values_list("due_at", "note", "parameters", "began_at", "is_rerun"))

    assert asked.first() == (NOON, Message("runs.unsigned"), {"rid": "7"}, None, False)


def test_aggregates_and_several_given_moments() -> None:
    run("A", NOON)
    since = Given("since", DateTimeField())
    lately = (
        Run.objects.filter(due_at__gt=since, due_at__lte=NOW).values("state").annotate(last=Max("due_at"))
    )
    asked = Question(lambda: lately.values_list("state", "last"))

    assert asked.first(since=NOON - HOUR, now=NOON) == ("waiting", NOON)
    assert asked.first(since=NOON, now=NOON) is None
    assert not asked.finds(since=NOON, now=NOON)


def test_the_query_is_made_once() -> None:
    asked = Question(lambda: waiting().values_list("pk"))
    asked.rows(now=NOON)

    with patch.object(QuerySet, "filter", side_effect=AssertionError):
        assert asked.rows(now=NOON) == []


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_through_its_own_connection() -> None:
    asked = Question(lambda: Run.objects.values_list("work"))
    run("A", NOON)
    asked.rows()
    found: list[object] = []

    def ask() -> None:
        found.extend(asked.rows())
        connection.connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()

    assert found == [("A",)]
