"""The real `toban store`, started like the supervisor starts it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cached_property
from pathlib import Path
from typing import Self

import httpx
import psutil
import pytest
from tests import asking

from toban.engine.telemetry.store import Telemetry

SECRET = "open sesame"


class StoreProcess:
    """One running child; stopped at the end of the test, whatever happened."""

    def __init__(self, directory: Path, *options: str, port: int = 0) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [sys.executable, "-m", "toban", "store", "--data", directory, "--port", str(port), *options],
            env={**os.environ, "TOBAN_STORE_SECRET": SECRET},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def telemetry_url(self) -> str:
        return self.url.replace("http://", f"http://toban:{SECRET.replace(' ', '%20')}@")

    @cached_property
    def telemetry(self) -> Telemetry:
        """A client of the store, closed with it."""
        return Telemetry(self.telemetry_url)

    def ask(self, sql: str, **settings: str | int) -> httpx.Response:
        """Send one statement as text."""
        return asking.post(
            self.url,
            params=settings,
            content=sql.encode(),
            auth=("toban", SECRET),
            timeout=60,
        )

    def told(self, sql: str) -> str:
        """Return the text of a successful answer."""
        answer = self.ask(sql)
        assert answer.status_code == 200, answer.text
        return answer.text.strip()

    def empty(self) -> None:
        """Make all tables anew: without rows, and without memory of the batches that were written."""
        for table in self.told("SHOW TABLES").split():
            self.told(f"DROP TABLE {table} SYNC")
        with closing(Telemetry(self.telemetry_url)) as anew:
            anew.ensure_schema()

    def stop(self, number: signal.Signals) -> int:
        """Send a signal and return the exit status; fail if the process doesn't end."""
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def errors(self) -> str:
        """Return what an ended process wrote to stderr."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def listens_at(self) -> set[str]:
        return {
            str(connection.laddr.ip)
            for connection in psutil.Process(self.process.pid).net_connections()
            if connection.status == psutil.CONN_LISTEN
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        if "telemetry" in vars(self):
            self.telemetry.close()


StartStore = Callable[..., StoreProcess]


@pytest.fixture
def start_store(tmp_path: Path) -> Iterator[StartStore]:
    """Start any number of children on the test's directory or on another one."""
    with ExitStack() as running:

        def start(*options: str, directory: Path | None = None, port: int = 0) -> StoreProcess:
            child = StoreProcess(directory or tmp_path / "store", *options, port=port)
            return running.enter_context(child)

        yield start
