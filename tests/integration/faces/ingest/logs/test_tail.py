"""Log rows streamed to open pages as they arrive, with a real server and a real store."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests import asking
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import Served, serving
from tests.telemetry_rows import LogRow, batch_of

from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.faces.ingest.logs.tail import MOST

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), telemetry=store.telemetry_url) as running:
        yield running


def come_in(store: StoreProcess, *messages: str, ago: timedelta = timedelta()) -> None:
    at = datetime.now(UTC) - ago
    rows = [
        LogRow(
            "application", f"{at:%Y-%m-%d}", at.timestamp(), "ERROR", "shop", message,
            "", "", "", "", "", "", "", 0, 0.0, {}, "shop", number,
        )
        for number, message in enumerate(messages, 1)
    ]  # fmt: skip
    assert store.telemetry is not None
    LogStore(store.telemetry).write(batch_of(key_of("shop", "", repr((at, messages)).encode()), rows))


def markup(lines: Iterator[str]) -> str:
    """Read up to and including the next `rows` event."""
    for line in lines:
        if line == "event: rows":
            return str(json.loads(next(lines).removeprefix("data: ")))
    raise AssertionError("the stream ended without rows")


def since(ago: timedelta = timedelta(seconds=1)) -> str:
    return str(int((datetime.now(UTC) - ago).timestamp() * 1000))


def test_matching_rows_are_streamed_as_they_arrive(served: Served, store: StoreProcess) -> None:
    come_in(store, "before anybody looked", ago=timedelta(minutes=1))
    asked = {"q": "level:ERROR wanted", "since": since(), "last": "1h"}
    with served.client() as client, client.stream("GET", "/live/logs", params=asked) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        come_in(store, "first wanted", "not asked for")

        first = markup(lines)
        come_in(store, "second wanted <script>")
        second = markup(lines)

    assert "first wanted" in first
    assert "not asked for" not in first
    assert "?q=level%3AERROR+wanted&amp;last=1h" in first
    assert "second wanted &lt;script&gt;" in second
    assert "first wanted" not in second


def test_a_reconnecting_reader_gets_the_rows_it_missed(served: Served, store: StoreProcess) -> None:
    asked = {"q": "meanwhile", "since": since(timedelta(minutes=2))}
    come_in(store, "meanwhile", ago=timedelta(minutes=1))

    with served.client() as client, client.stream("GET", "/live/logs", params=asked) as stream:
        found = markup(stream.iter_lines())

    assert "meanwhile" in found


@pytest.mark.parametrize("session", ["", "not-a-session"])
def test_unauthenticated_visitors_get_nothing(served: Served, session: str) -> None:
    answer = asking.get(f"{served.url}/live/logs", cookies={"sessionid": session} if session else {})

    assert answer.status_code == 401


def test_an_invalid_search_is_refused(served: Served) -> None:
    with served.client() as client:
        assert client.get("/live/logs", params={"q": "status:many"}).status_code == 400


@pytest.mark.parametrize("number", ["9" * 30, "²", "-1", "x", ""])
def test_an_invalid_start_time_means_now(served: Served, number: str) -> None:
    with served.client() as client, client.stream("GET", "/live/logs", params={"since": number}) as stream:
        assert stream.status_code == 200
        assert next(stream.iter_lines()) == "retry: 2000"


def test_the_number_of_simultaneous_readers_is_limited(served: Served) -> None:
    lines: list[Iterator[str]] = []
    with served.client() as client, ExitStack() as looking:
        for _ in range(MOST + 1):
            stream = looking.enter_context(client.stream("GET", "/live/logs"))
            lines.append(stream.iter_lines())
            # A stream counts once it has sent something. Streams just left may still count.
            next(lines[-1])

        assert stream.status_code == 429


def test_without_the_store_the_stream_says_so_until_the_account_is_locked(tmp_path: Path) -> None:
    told: list[str] = []
    with serving(tmp_path) as served, served.client() as client, client.stream("GET", "/live/logs") as stream:
        reading = threading.Thread(target=lambda: told.extend(stream.iter_lines()))
        reading.start()
        served.act("lock")
        reading.join(timeout=30)

        # The stream ended by itself, and the session is no longer accepted.
        assert not reading.is_alive()
        assert told.count("event: away") > 1
        assert client.get("/live/logs").status_code == 401
