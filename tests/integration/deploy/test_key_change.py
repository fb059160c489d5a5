"""The secret key of two nodes on one PostgreSQL is changed as the manual says."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.forking import Python, run
from tests.integration.faces.ingest.served import DOCUMENT, Served
from tests.ports import free_port

pytestmark = pytest.mark.slow

FORMER = "the former secret of two nodes, long enough to sign with"
LATER = "the later secret of two nodes, long enough to sign with"
CHANGED = DOCUMENT.replace("85%", "86%")


@dataclass
class Machine:
    """A server and a worker with a home, files and a key of their own, on the state that both share."""

    served: Served
    worker: Python | None = None

    def write(self, key: str, document: str) -> None:
        """Put the files in their places, as on every machine."""
        self.served.design.write_text(document, encoding="utf-8")
        (self.served.home / "toban.toml").touch()
        (self.served.home / "key").write_text(key)

    def start(self) -> None:
        self.served.launch()
        self.worker = Python(["-m", "toban", "worker"], env=self.served.environment)

    def stop(self) -> None:
        self.served.stop()
        if self.worker is not None:
            self.worker.send_signal(signal.SIGTERM)
            self.worker.wait(timeout=60)

    def status(self) -> dict[str, Any]:
        told = run(["-m", "toban", "status", "--format", "json"], env=self.served.environment, check=True)
        found: dict[str, Any] = json.loads(told.stdout)
        return found

    def run(self, *words: str) -> str:
        return run(["-m", "toban", *words], env=self.served.environment, check=True).stdout

    def session(self, name: str) -> str:
        """Sign somebody in with the key that the machine has now."""
        session = str(self.served.act("session", name, "viewer"))
        # The process that did it knows this key only.
        self.served.leave()
        vars(self.served).pop("_actor")
        return session

    def is_signed_in(self, session: str) -> bool:
        with httpx.Client(base_url=self.served.url, cookies={"sessionid": session}, timeout=20) as client:
            return client.get("/").status_code == httpx.codes.OK


def until(question: Callable[[], object]) -> None:
    for _ in range(900):
        if question():
            return
        time.sleep(0.1)
    pytest.fail("not within a minute and a half")


@pytest.fixture
def machines(postgres: dict[str, str], tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    made = []
    for name in ("one", "two"):
        home = tmp_path / name
        home.mkdir()
        state = {each: postgres[each] for each in ("PGHOST", "TOBAN_STATE_URL")}
        state["TOBAN_SECRET_KEY"] = f"file:{home / 'key'}"
        made.append(Machine(Served(home, free_port(), state=state)))
        made[-1].write(FORMER, DOCUMENT)
    made[0].run("prepare")
    for each in made:
        each.start()
    try:
        yield made[0], made[1]
    finally:
        for each in made:
            each.stop()


def agree(found: dict[str, Any]) -> bool:
    """Return whether four processes have come, with one key and one edition, and nothing is wrong."""
    nodes = found["nodes"]
    keys, editions = {each["key"] for each in nodes}, {each["document_digest"] for each in nodes}
    return len(nodes) == 4 and len(keys) == len(editions) == 1 and not found["node_findings"]


def test_the_key_of_two_nodes_is_changed_by_restarting_one_after_the_other(
    machines: tuple[Machine, Machine],
) -> None:
    one, two = machines
    until(lambda: agree(one.status()))
    before, former = one.status()["nodes"][0], one.session("mira")
    assert (one.is_signed_in(former), two.is_signed_in(former)) == (True, True)

    # Both files are up to date, and both have the new key before the first is restarted.
    for each in machines:
        each.write(LATER, CHANGED)
    one.stop()
    one.start()
    until(lambda: [each["trouble"] for each in one.status()["node_findings"]] == ["keys"])
    two.stop()
    two.start()

    until(lambda: agree(two.status()))
    after, later = two.status()["nodes"][0], two.session("taro")
    assert after["key"] != before["key"]
    assert after["document_digest"] != before["document_digest"]
    assert (one.is_signed_in(former), two.is_signed_in(former)) == (False, False)
    assert (one.is_signed_in(later), two.is_signed_in(later)) == (True, True)
    assert "●" in two.run("evidence", "verify")
