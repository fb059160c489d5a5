"""Logs sent through two servers into one store, while each of the three is killed and restarted."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

TOKEN = "logs-token-of-this-test"
BINDINGS = '[senders.shop]\ntoken = "file:token"\nmay = ["logs"]\nservice = "shop-api"\n'
SENDERS = 3
LINES = 200

pytestmark = pytest.mark.slow


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Served]]:
    """Two servers; the test sets the address of the store later."""
    with ExitStack() as running:
        servers = []
        for name in ("one", "two"):
            home = tmp_path / name
            home.mkdir()
            (home / "token").write_text(TOKEN)
            (home / "token").chmod(0o600)
            servers.append(running.enter_context(serving(home, DOCUMENT, BINDINGS)))
        yield servers


class _Sender:
    """Sends batch after batch, each until it is acknowledged by one of the servers."""

    def __init__(self, name: str, servers: list[Served], chance: Random) -> None:
        self._name = name
        self._servers = servers
        self._chance = chance
        shown = {"authorization": f"Bearer {TOKEN}"}
        self._client = httpx.Client(headers=shown, trust_env=False, timeout=30)
        self.acknowledged = 0
        self.repeated = 0

    def run(self, enough: threading.Event) -> None:
        while not enough.is_set():
            body = b"\n".join(self._line(number) for number in range(LINES))
            self._send(body)
            self.acknowledged += LINES
            if self._chance.random() < 0.1:
                self._send(body)
                self.repeated += 1
        self._client.close()

    def _line(self, number: int) -> bytes:
        message = f"{self._name} {self.acknowledged + number}"
        # Every other batch has attributes that travel as columns.
        own = {"cart": f"cart-{number}", "place": number} if self.acknowledged // LINES % 2 else {}
        return json.dumps({"timestamp": datetime.now(UTC).isoformat(), "message": message, **own}).encode()

    def _send(self, body: bytes) -> None:
        while True:
            with suppress(httpx.TransportError):
                url = f"{self._chance.choice(self._servers).url}/ingest/logs"
                reply = self._client.post(url, content=body)
                if reply.status_code == httpx.codes.OK:
                    assert reply.json()["stored"] == LINES
                    return
                assert reply.status_code in {429, 503}, reply.text
            time.sleep(0.2)


@pytest.fixture
def started() -> Iterator[ExitStack]:
    """Everything the test starts is stopped with it."""
    with ExitStack() as running:
        yield running


def test_twenty_kills_lose_and_duplicate_nothing(
    started: ExitStack, tmp_path: Path, servers: list[Served]
) -> None:
    store = started.enter_context(StoreProcess(tmp_path / "store"))
    for server in servers:
        server.stop()
        server.telemetry = store.telemetry_url
        server.launch()
    chance, enough = Random(5), threading.Event()  # noqa: S311 - moments to kill at
    senders = [_Sender(f"sender-{each}", servers, Random(each)) for each in range(SENDERS)]  # noqa: S311

    with ThreadPoolExecutor(SENDERS) as threads:
        sending = [threads.submit(sender.run, enough) for sender in senders]
        try:
            for kill in range(20):
                time.sleep(chance.uniform(0.3, 1.5))
                if kill % 2:
                    store.process.kill()
                    store.process.wait()
                    store = started.enter_context(StoreProcess(tmp_path / "store", port=store.port))
                else:
                    server = chance.choice(servers)
                    server.process.kill()
                    server.process.wait()
                    server.launch()
        finally:
            enough.set()
        for each in sending:
            each.result()

    acknowledged = sum(sender.acknowledged for sender in senders)
    assert acknowledged
    assert sum(sender.repeated for sender in senders)
    assert store.told("SELECT count(), uniqExact(message) FROM logs") == f"{acknowledged}\t{acknowledged}"
