"""How the store shuts down, and what it has stored afterwards."""

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from time import sleep

import httpx
import pytest

from toban.design.values.metric import Metric
from toban.engine.telemetry.buffer import Batching, SampleBuffer
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry

from .conftest import SECRET, StartStore, StoreProcess

pytestmark = pytest.mark.slow

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ENDLESS = "SELECT sum(sipHash64(number)) FROM numbers(100000000000000)"
UNSTOPPABLE = "SELECT arraySort(x -> sipHash64(x), groupArray(number)) FROM numbers(40000000) FORMAT Null"
ENDLESS_ROWS = "SELECT number FROM numbers(100000000000000)"
RUNNING = """
SELECT count() FROM system.processes WHERE query LIKE '%100000000000000%' AND query NOT LIKE '%processes%'
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_an_idle_store_shuts_down_cleanly(start_store: StartStore, number: signal.Signals) -> None:
    child = start_store()
    child.told("SELECT 1")

    assert child.stop(number) == 0
    assert child.errors() == ""


@pytest.mark.parametrize("sql", [ENDLESS, pytest.param(ENDLESS_ROWS, marks=pytest.mark.slow)])
def test_a_long_query_does_not_delay_the_shutdown(start_store: StartStore, sql: str) -> None:
    child = start_store()
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(_ask_until_it_ends, child, sql)
        _until(lambda: child.told(RUNNING) != "0")

        status = child.stop(signal.SIGTERM)

        asked.result()
    # After a segmentation fault the status would be -11.
    assert status == 0
    assert child.errors() == ""


@pytest.mark.slow
def test_a_query_that_cannot_be_stopped_does_not_delay_the_shutdown(start_store: StartStore) -> None:
    child = start_store()
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(_ask_until_it_ends, child, UNSTOPPABLE)
        _until(
            lambda: child.told("SELECT count() FROM system.processes WHERE query LIKE '%arraySort%'") == "2"
        )

        status = child.stop(signal.SIGTERM)

        asked.result()
    assert status == 0
    assert child.errors() == ""


@pytest.mark.parametrize("sql", [ENDLESS, pytest.param(ENDLESS_ROWS, marks=pytest.mark.slow)])
def test_a_query_ends_when_its_client_disconnects(store: StoreProcess, sql: str) -> None:
    _ask_and_leave(store, sql)

    _until(lambda: store.told(RUNNING) == "0")


@pytest.mark.slow
def test_a_disconnect_ends_only_the_queries_of_that_client(store: StoreProcess) -> None:
    with ThreadPoolExecutor(2) as threads:
        other = threads.submit(store.told, "SELECT sum(sipHash64(number)) FROM numbers(60000000) FORMAT Null")
        _ask_and_leave(store, ENDLESS)
        _until(lambda: store.told(RUNNING) == "0")

        assert other.result() == ""


def test_three_kills_lose_nothing_acknowledged_and_duplicate_nothing(start_store: StartStore) -> None:
    _kill_again_and_again(start_store, kills=3)


@pytest.mark.slow
def test_twenty_kills_lose_nothing_acknowledged_and_duplicate_nothing(start_store: StartStore) -> None:
    _kill_again_and_again(start_store, kills=20)


def _kill_again_and_again(start_store: StartStore, *, kills: int) -> None:
    """Write continuously while the store is killed and restarted; then compare its content."""
    child = start_store()
    telemetry = Telemetry(child.telemetry_url)
    telemetry.ensure_schema()
    buffer = SampleBuffer(telemetry, Batching(size=500))
    written = 0
    enough = threading.Event()

    def write() -> None:
        nonlocal written
        while not enough.is_set():
            at = [NOON + timedelta(milliseconds=written + number) for number in range(500)]
            buffer.add([Sample(Metric.UP, "Web", "web-1", moment, 1.0) for moment in at])
            written += 500
            buffer.flush(NOON)
            while buffer.pending > 5_000 and not enough.is_set():
                buffer.flush(NOON)

    chance = Random(20)  # noqa: S311 - moments to kill at
    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(write)
        for _ in range(kills):
            sleep(chance.uniform(0.05, 0.6))
            child.process.kill()
            child.process.wait()
            child = start_store(port=child.port)
        enough.set()
        writing.result()
    last = buffer.flush(NOON, everything=True)
    telemetry.close()

    assert (last.trouble, buffer.pending, buffer.dropped) == ("", 0, 0)
    assert written > 0
    assert (
        child.told("SELECT count(), uniqExact(at), sum(value) FROM samples")
        == f"{written}\t{written}\t{written}"
    )
    assert child.told("SELECT sum(count), sum(total) FROM samples_5m") == f"{written}\t{written}"


def _ask_and_leave(store: StoreProcess, sql: str) -> None:
    """Send an endless query and disconnect: after a second without an answer, or while it is read."""
    with (
        suppress(httpx.ReadTimeout),
        httpx.Client(auth=("toban", SECRET), trust_env=False) as client,
        client.stream("POST", store.url, content=sql, timeout=1) as answer,
    ):
        # Kept in a variable: an unreferenced iterator closes the connection at once.
        pieces = answer.iter_raw()
        next(pieces)
        assert store.told(RUNNING) == "1"


def _ask_until_it_ends(child: StoreProcess, sql: str) -> None:
    with (
        suppress(httpx.RemoteProtocolError),
        httpx.Client(auth=("toban", SECRET), timeout=60, trust_env=False) as client,
        client.stream("POST", child.url, content=sql) as answer,
    ):
        for _ in answer.iter_raw():
            pass


def _until(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        sleep(0.05)
    pytest.fail("it never came to hold")
