"""A real `toban serve` with its own home, for tests of what browsers and senders receive."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from subprocess import PIPE
from typing import Any

import httpx
from tests import asking
from tests.forking import Python, run
from tests.integration.states import migrated, once
from tests.ports import free_port

ACT = Path(__file__).with_name("act.py")
DOCUMENT = """# 運用設計書
## 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| Web | メモリ使用率 | 0-70% | 80% | 90% | 1分 |
"""
CPU = "monitoring/monitor/Web/CPU使用率"


@dataclass
class Served:
    """The running process and its settings."""

    home: Path
    port: int
    document: str = DOCUMENT
    bindings: str = ""
    telemetry: str = "http://toban:x@127.0.0.1:9/toban"
    """The URL of the store; nothing listens there by default: pages must work without it."""
    state: Mapping[str, str] = field(default_factory=dict)
    """The environment of a separate state database with its tables; if empty, one is created in the home."""
    process: Python = field(init=False)
    session: str = field(init=False)

    @property
    def url(self) -> str:
        """The URL of the page."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def design(self) -> Path:
        """The document in force."""
        return self.home / "運用設計書.md"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its processes."""
        return {
            **os.environ,
            "TOBAN_HOME": str(self.home),
            "TOBAN_DESIGN": str(self.design),
            "TOBAN_BINDINGS": str(self.home / "toban.toml"),
            "TOBAN_PUBLIC_URL": self.url,
            "TOBAN_TELEMETRY_URL": self.telemetry,
            "DJANGO_SETTINGS_MODULE": "toban.settings",
            **self.state,
        }

    def act(self, *arguments: str) -> Any:
        """Change the state in another process, which is shared by all acts."""
        process = self._actor
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{json.dumps(arguments)}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, f"{arguments} could not be done: see what it wrote"
        return json.loads(answer)

    @cached_property
    def _actor(self) -> Python:
        return Python([ACT], env=self.environment, stdin=PIPE, stdout=PIPE)

    def start(self) -> None:
        """Prepare the state, start the server, and wait until it answers."""
        if not self.state:
            state, self.session = _state()
            (self.home / "state.sqlite3").write_bytes(state)
        self._write()
        self.launch()

    def prepare(self) -> None:
        """Let `toban prepare` create the state."""
        self._write()
        run(["-m", "toban", "prepare"], env=self.environment, check=True)

    def launch(self) -> None:
        """Start the server, or restart a killed one, and wait until it answers."""
        self.process = Python(["-m", "toban", "serve", "--port", self.port], env=self.environment)
        self._await_health()

    def client(self) -> httpx.Client:
        """A signed-in browser without scripts."""
        return httpx.Client(base_url=self.url, cookies={"sessionid": self.session}, timeout=20)

    def leave(self) -> None:
        """Stop the process that changes the state."""
        if "_actor" in vars(self):
            self._actor.communicate(timeout=10)

    def stop(self) -> None:
        """Stop all processes, whatever the test did to them."""
        self.leave()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)

    def _write(self) -> None:
        self.design.write_text(self.document, encoding="utf-8")
        (self.home / "toban.toml").write_text(self.bindings, encoding="utf-8")
        (self.home / "secret-key").write_text("a secret of this test alone, long enough to sign with")

    def _await_health(self) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                if asking.get(f"{self.url}/healthz").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError("toban serve did not become healthy")


@cache
def _state() -> tuple[bytes, str]:
    """Return a state with a signed-in operator, and the session, which one process of the run has made."""
    with once("signed-in") as (folder, is_made):
        state, session = folder / "state.sqlite3", folder / "session"
        if not is_made:
            shutil.copy(migrated(), state)
            served = Served(folder, port=0)
            served.prepare()
            session.write_text(str(served.act("session")))
            served.leave()
        return state.read_bytes(), session.read_text()


@contextmanager
def serving(
    home: Path,
    document: str = DOCUMENT,
    bindings: str = "",
    telemetry: str = Served.telemetry,
    state: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """Run `toban serve` on *home* inside the block."""
    served = Served(home, free_port(), document, bindings, telemetry, state or {})
    served.start()
    try:
        yield served
    finally:
        served.stop()
