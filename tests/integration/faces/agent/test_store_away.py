"""The store is down for five minutes while an application keeps writing: log files and senders wait.

TOBAN_AWAY_SECONDS shortens it, for work on this test.
"""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import httpx
import psutil
import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.agent.test_agent import TOKEN, start, wait_for_spool
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

SECONDS = float(os.environ.get("TOBAN_AWAY_SECONDS", "300"))
BINDINGS = """
[senders.web]
token = "file:token"
may = ["logs"]
service = "shop"

[senders.batches]
token = "file:other"
may = ["logs"]
service = "shop"
"""
MEBIBYTE = 1024**2

pytestmark = pytest.mark.slow


@pytest.fixture
def started() -> Iterator[ExitStack]:
    """Everything the test starts is stopped with it."""
    with ExitStack() as running:
        yield running


class Times:
    """Timestamps that are unique per writer, so that its lines can be sorted into their order."""

    def __init__(self) -> None:
        self._last = datetime.now(UTC)

    def line(self, number: int, **more: str) -> str:
        """Return a line of JSON with the next time."""
        self._last = max(datetime.now(UTC), self._last + timedelta(milliseconds=1))
        stamp = self._last.isoformat(timespec="milliseconds")
        return json.dumps({"timestamp": stamp, "message": f"line {number}", **more})


class Application(threading.Thread):
    """Writes the same numbers into two logs: lines with a timestamp and lines without.

    Some 50 kB a second into each: in five minutes many batches of 960 KiB wait in every file.
    """

    def __init__(self, stamped: Path, plain: Path) -> None:
        super().__init__()
        self.logs = (stamped, plain)
        for log in self.logs:
            log.touch()
        self.written = 0
        self.enough = threading.Event()
        self.rotates = threading.Event()
        self._times = Times()

    def run(self) -> None:
        while not self.enough.is_set():
            with ExitStack() as closing_files:
                files = [closing_files.enter_context(log.open("a")) for log in self.logs]
                while not (self.rotates.is_set() or self.enough.wait(0.05)):
                    self._write(*files)
            if self.rotates.is_set():
                self.rotates.clear()
                for log in self.logs:
                    log.rename(log.with_name(f"{log.name}.1"))

    def _write(self, stamped: IO[str], plain: IO[str]) -> None:
        for _ in range(20):
            stamped.write(self._times.line(self.written, filler="x" * 80) + "\n")
            plain.write(f"line {self.written} {'x' * 120}\n")
            self.written += 1
        stamped.flush()
        plain.flush()


class Sender(threading.Thread):
    """Posts batch after batch, each under its own key, and repeats a batch for as long as it is asked to."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._client = httpx.Client(
            base_url=url, headers={"authorization": "Bearer other-token"}, trust_env=False, timeout=90
        )
        self.acknowledged = 0
        self.statuses: Counter[int] = Counter()
        self.enough = threading.Event()
        self._times = Times()

    def run(self) -> None:
        with closing(self._client):
            while not self.enough.wait(0.2):
                lines = [self._times.line(self.acknowledged + each) for each in range(50)]
                self._send("\n".join(lines), f"batch-{self.acknowledged}")
                self.acknowledged += 50

    def _send(self, body: str, key: str) -> None:
        while True:
            reply = self._client.post("/ingest/logs", content=body, headers={"idempotency-key": key})
            self.statuses[reply.status_code] += 1
            if reply.status_code == httpx.codes.OK:
                assert reply.json()["stored"] == 50
                return
            assert reply.status_code == httpx.codes.SERVICE_UNAVAILABLE, reply.text
            time.sleep(int(reply.headers["retry-after"]))


@dataclass
class Watch:
    """Measured repeatedly: the memory of two processes, and the size of the spool."""

    agent: psutil.Process
    server: psutil.Process
    spool: Path
    agent_sizes: list[int] = field(default_factory=list)
    server_sizes: list[int] = field(default_factory=list)
    spool_sizes: list[int] = field(default_factory=list)

    def look(self) -> None:
        self.agent_sizes.append(self.agent.memory_info().rss)
        self.server_sizes.append(self.server.memory_info().rss)
        self.spool_sizes.append(sum(_size(each) for each in self.spool.rglob("*")))

    def look_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look()
            time.sleep(0.5)

    def __str__(self) -> str:
        agent, server = (
            f"{sizes[0] / MEBIBYTE:.0f}..{max(sizes) / MEBIBYTE:.0f} MiB"
            for sizes in (self.agent_sizes, self.server_sizes)
        )
        return f"agent {agent}, server {server}, spool at most {max(self.spool_sizes)} bytes"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        # It was just replaced by a newer file.
        return 0


@pytest.fixture
def served(started: ExitStack, tmp_path: Path, store: StoreProcess) -> Served:
    home = tmp_path / "home"
    home.mkdir()
    for name, token in (("token", TOKEN), ("other", "other-token")):
        (home / name).write_text(token)
        (home / name).chmod(0o600)
    return started.enter_context(serving(home, DOCUMENT, BINDINGS, telemetry=store.telemetry_url))


def test_a_store_outage_of_five_minutes_loses_duplicates_and_reorders_nothing(
    started: ExitStack, served: Served, store: StoreProcess, tmp_path: Path
) -> None:
    application = Application(tmp_path / "stamped.log", tmp_path / "plain.log")
    agent = started.enter_context(start(served, tmp_path, *_followed(application)))
    started.callback(agent.kill)
    wait_for_spool(tmp_path)
    sender = Sender(served.url)
    for thread in (application, sender):
        started.callback(thread.join)
        started.callback(thread.enough.set)
        thread.start()
    _until(lambda: _count(store, "sender = 'web'") > 0 and _count(store, "sender = 'batches'") > 0)
    watch = Watch(psutil.Process(agent.pid), psutil.Process(served.process.pid), tmp_path / "spool")

    store.process.kill()
    store.process.wait()
    before = application.written
    watch.look_for(SECONDS / 2)
    early = max(watch.agent_sizes)
    application.rotates.set()
    watch.look_for(SECONDS / 2)
    late = max(watch.agent_sizes)
    backlog = application.written - before
    again = started.enter_context(StoreProcess(store.directory, port=store.port))
    watch.look_for(10)
    sender.enough.set()
    application.enough.set()
    sender.join()
    application.join()
    _until(lambda: _count(again, "sender = 'web'") >= 2 * application.written, watch.look)
    agent.send_signal(signal.SIGTERM)

    assert agent.wait(timeout=30) == 0
    assert sender.statuses[503] >= SECONDS / 60, "it was refused again and again, not held"
    print(  # noqa: T201 - figures for whoever reads along with -s
        f"{backlog} lines waited in each log, the sender saw {dict(sender.statuses)}; {watch}"
    )
    for log in application.logs:
        assert _numbers(again, f"attributes.file = '{log}'") == list(range(application.written))
    assert _numbers(again, "sender = 'batches'") == list(range(sender.acknowledged))
    # The backlog grew by sixteen megabytes in the second half of five minutes, and none of it is in memory.
    assert late - early < 4 * MEBIBYTE
    assert max(watch.agent_sizes) < watch.agent_sizes[0] + 48 * MEBIBYTE
    assert max(watch.server_sizes) < 300 * MEBIBYTE
    assert max(watch.spool_sizes) < 16 * 1024


def _followed(application: Application) -> list[str]:
    return [word for log in application.logs for word in ("--log", str(log))]


def _count(store: StoreProcess, which: str) -> int:
    return int(store.told(f"SELECT count() FROM toban.logs WHERE {which}"))  # noqa: S608 - words of this test


def _numbers(store: StoreProcess, which: str) -> list[int]:
    """Return the numbers of the lines in the order a reader of the log finds them."""
    told = store.told(
        f"SELECT message FROM toban.logs WHERE {which} ORDER BY at, number"  # noqa: S608 - words of this test
    )
    return [int(each.split()[1]) for each in told.splitlines()]


def _until(holds: Callable[[], bool], meanwhile: Callable[[], None] = lambda: None) -> None:
    until = time.monotonic() + 180
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        meanwhile()
        time.sleep(0.5)
