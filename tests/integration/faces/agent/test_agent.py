"""`toban agent` with a real server and a real store: what was written on the host can be found."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest
from tests.forking import Python
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.agent.journals import Machine
from tests.integration.faces.agent.rotation import logrotate
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.search import LogSearch, TimeSpan
from toban.faces.agent.client import new_client
from toban.faces.agent.files.positions import Positions
from toban.faces.agent.files.tail import FileTail
from toban.faces.agent.logs import Shipper

ROOT = Path(__file__).parents[4]
TOKEN = "agent-token-of-this-test"
NOT_AT_ALL = timedelta()
HOUR = timedelta(hours=1)
EPOCH = datetime.fromtimestamp(0, UTC)
BINDINGS = """
[senders.web]
token = "file:token"
may = ["logs", "metrics"]
service = "shop"
files = [
  { path = "*/access.log", format = "access", service = "nginx" },
  { path = "*/containers/*", format = "docker" },
]
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    (home / "token").write_text(TOKEN)
    (home / "token").chmod(0o600)
    with serving(home, DOCUMENT, BINDINGS, telemetry=store.telemetry_url) as running:
        yield running


def start(served: Served, folder: Path, *more: str) -> Python:
    return Python(
        ["-m", "toban", "agent", "--url", served.url, "--instance", "web-1",
         "--spool", folder / "spool", "--no-metrics", *more],
        env={**os.environ, "TOBAN_AGENT_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def stored(store: StoreProcess, columns: str, host_file: Path, order: str = "") -> list[tuple[Any, ...]]:
    assert store.telemetry is not None
    rows = store.telemetry.ask(
        f"SELECT {columns} FROM logs WHERE attributes.file = {{file:String}} {order}",  # noqa: S608
        {"file": str(host_file)},
    )
    return [tuple(row) for row in rows]


def test_files_are_read_as_the_table_of_their_sender_says(
    served: Served, store: StoreProcess, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    (tmp_path / "containers").mkdir()
    access, docker, text = (tmp_path / name for name in ("access.log", "containers/1-json.log", "app.log"))
    access.write_text(
        f'203.0.113.9 - - [{now:%d/%b/%Y:%H:%M:%S} +0000] "GET /orders/17 HTTP/1.1" 503 12 "-" "x" 0.25\n'
    )
    docker.write_text(
        json.dumps({"log": "ERROR no stock\n", "stream": "stderr", "time": now.isoformat()}) + "\n"
    )
    text.write_bytes(f"{now.isoformat()} WARN caf".encode() + b"\xe9\nINFO second password=hunter2\n")

    with start(served, tmp_path, "--once", "--log", f"{tmp_path}/**/*.log") as agent:
        out, _ = agent.communicate(timeout=60)

    assert agent.returncode == 0, out
    kinds = "kind, level, service, message, attributes.host"
    assert stored(store, f"{kinds}, route, status, duration_ms", access) == [
        ("application", "INFO", "nginx", "GET /orders/17 HTTP/1.1", "web-1", "/orders/{}", 503, 250.0)
    ]
    assert stored(store, kinds, docker) == [("application", "ERROR", "shop", "ERROR no stock", "web-1")]
    assert sorted(stored(store, "level, message", text)) == [
        ("INFO", "INFO second password=***"),
        ("WARNING", f"{now.isoformat()} WARN caf\ufffd"),
    ]


def test_a_stopped_agent_has_sent_what_was_acknowledged(
    served: Served, store: StoreProcess, tmp_path: Path
) -> None:
    path = tmp_path / "app.log"
    path.write_text("before\n")

    with start(served, tmp_path, "--log", str(path)) as agent:
        wait_for(store, path, 1)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(timeout=30) == 0

    with path.open("a") as file:
        file.write("after\n")
    with start(served, tmp_path, "--once", "--log", str(path)) as agent:
        agent.communicate(timeout=60)
    assert sorted(stored(store, "message", path)) == [("after",), ("before",)]


def wait_for(store: StoreProcess, path: Path, count: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if store.telemetry is not None and len(stored(store, "number", path)) >= count:
            return
        time.sleep(0.2)
    raise AssertionError(f"{count} lines of {path} did not come")


def test_an_agent_with_nothing_to_do_says_so(served: Served, tmp_path: Path) -> None:
    with start(served, tmp_path) as agent:
        out, _ = agent.communicate(timeout=60)

    assert agent.returncode == 2
    assert "HINT: --log" in out


def test_an_agent_without_journalctl_names_the_alternatives(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with start(served, tmp_path, "--journal") as agent:
        out, _ = agent.communicate(timeout=60)

    assert agent.returncode == 2
    assert "journalctl がありません" in out
    assert "HINT: " in out


@pytest.mark.parametrize("off", [HOUR, -HOUR, 400 * 24 * HOUR, -400 * 24 * HOUR], ids=str)
def test_a_host_with_a_wrong_clock_loses_no_line_without_a_timestamp(
    served: Served, store: StoreProcess, tmp_path: Path, off: timedelta
) -> None:
    path = tmp_path / "app.log"
    path.write_text("first\n")
    began = datetime.now(UTC)
    wrong = [off]
    positions = Positions(tmp_path / "spool")
    tail = FileTail([str(path)], positions, lambda: datetime.now(UTC) + sum(wrong, NOT_AT_ALL))
    with closing(tail), new_client(served.url, TOKEN, None) as client:
        shipper = Shipper(tail, client, "web-1", is_stopped=lambda: False)
        assert str(shipper.step()) == ""
        append(path, "second")
        assert str(shipper.step()) == ""
        wrong.clear()
        # Still with the old time: the new setting of the clock is noticed by its answer.
        append(path, "third")
        assert str(shipper.step()) == ""
        append(path, "fourth")
        assert str(shipper.step()) == ""

    rows = stored(store, "message, toUnixTimestamp64Milli(at)", path)
    times = {message: datetime.fromtimestamp(at / 1000, UTC) for message, at in rows}
    assert sorted(message for message, _ in rows) == ["first", "fourth", "second", "third"]
    # The server reports its time in whole seconds, and reads its clock once a second.
    earliest = began - timedelta(seconds=5)
    # The first line of a clock that is slightly behind has the time of that clock.
    assert earliest <= times["first"] - (off if off == -HOUR else NOT_AT_ALL) <= datetime.now(UTC)
    assert earliest <= times["second"] <= datetime.now(UTC)
    assert earliest <= times["fourth"] <= datetime.now(UTC)


def test_an_entry_with_too_many_fields_can_be_found(
    served: Served, store: StoreProcess, tmp_path: Path
) -> None:
    machine = Machine(tmp_path)
    many = b"".join(b"OF_THIS_TEST_%d=value %d\n" % (number, number) for number in range(300))
    machine.write(b"it has many fields", fields=many)
    with start(served, tmp_path, "--journal", str(machine.journals), "--once") as agent:
        out, _ = agent.communicate(timeout=60)

    assert agent.returncode == 0, out
    assert store.telemetry is not None
    search = read_search('of_this_test_0:"value 0" more_fields:OF_THIS_TEST_99* service:shop level:ERROR')
    (row,) = LogSearch(store.telemetry).newest(search.terms, TimeSpan(EPOCH, datetime.now(UTC)), limit=2)
    assert row.message == "it has many fields"


def append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(f"{line}\n")


def changed_at(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


@pytest.mark.slow
def test_an_agent_killed_twenty_times_loses_and_duplicates_nothing(
    served: Served, store: StoreProcess, tmp_path: Path
) -> None:
    path = tmp_path / "app.log"
    written, rotated = 0, 0
    positions = tmp_path / "spool" / "logs" / "positions.json"
    for turn in range(20):
        agent = start(served, tmp_path, "--log", str(path))
        until, last_look = time.monotonic() + 1.5 + turn % 5 * 0.3, changed_at(positions)
        with path.open("a") as file:
            # An agent that is killed before its first look knows nothing of a file that is rotated meanwhile.
            while time.monotonic() < until or changed_at(positions) == last_look:
                file.writelines(f"line {written + number}\n" for number in range(2000))
                file.flush()
                written += 2000
                time.sleep(0.05)
        if turn % 4 == 3:
            rotated += 1
            path.rename(tmp_path / f"app.log.{rotated}")
        agent.kill()
        agent.communicate()
    ((before,),) = stored(store, "count()", path)
    with start(served, tmp_path, "--once", "--log", str(path)) as agent:
        assert agent.wait(timeout=120) == 0

    assert before > 0, "none was killed at work"
    (counts,) = stored(store, "count(), uniqExact(message)", path)
    assert counts == (written, written)


class Application(threading.Thread):
    """Writes lines, rotates its log every half second, and continues in the old file for a moment."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__()
        self.path = path
        self.until = time.monotonic() + seconds
        self.written = 0
        self.rotations = 0

    def run(self) -> None:
        file = self.path.open("a")
        rotated_at = time.monotonic()
        while time.monotonic() < self.until:
            self.write(file)
            if time.monotonic() - rotated_at > 0.5:
                rotated_at = time.monotonic()
                self.rotations += 1
                self.path.rename(self.path.with_name(f"{self.path.name}.{self.rotations}"))
                old, file = file, self.path.open("a")
                self.write(old)
                old.close()
        file.close()

    def write(self, file: IO[str]) -> None:
        file.writelines(f"line {self.written + number}\n" for number in range(200))
        file.flush()
        self.written += 200
        time.sleep(0.02)


@pytest.mark.slow
def test_rotation_under_load_with_server_and_agent_killed_loses_and_duplicates_nothing(
    served: Served, store: StoreProcess, tmp_path: Path
) -> None:
    path = tmp_path / "app.log"
    path.touch()
    agent = start(served, tmp_path, "--log", str(path))
    wait_for_spool(tmp_path)
    application = Application(path, seconds=30)
    application.start()
    for turn in range(4):
        time.sleep(3)
        served.process.kill()
        served.process.wait()
        time.sleep(2)
        served.process = Python(["-m", "toban", "serve", "--port", served.port], env=served.environment)
        if turn % 2:
            agent.kill()
            agent.communicate()
            agent = start(served, tmp_path, "--log", str(path))
    application.join()
    served._await_health()
    agent.kill()
    agent.communicate()
    with start(served, tmp_path, "--once", "--log", str(path)) as last:
        assert last.wait(timeout=120) == 0

    (counts,) = stored(store, "count(), uniqExact(message)", path)
    assert application.rotations > 20
    assert counts == (application.written, application.written)


def wait_for_spool(folder: Path) -> None:
    """Wait until the agent has looked for the first time: files that came and went before are not sent."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if (folder / "spool" / "logs" / "positions.json").exists():
            return
        time.sleep(0.05)
    raise AssertionError("the agent did not begin")


@pytest.mark.slow
def test_the_journal_is_read_once_and_in_order_despite_kills(
    served: Served, store: StoreProcess, tmp_path: Path
) -> None:
    machine = Machine(tmp_path)
    machine.write(b"0 first")
    for turn in range(5):
        agent = start(served, tmp_path, "--journal", str(machine.journals))
        numbers = range(machine.written, machine.written + 4_000)
        machine.write(*(b"%d %s" % (number, b"x" * 800) for number in numbers))
        wait_for(store, Path("journal"), numbers.start + 1 + turn * 500)
        agent.kill()
        agent.communicate()
        machine.write(b"%d while nobody reads" % machine.written, file=f"{turn}.journal")
    with start(served, tmp_path, "--journal", str(machine.journals), "--once") as last:
        out, _ = last.communicate(timeout=120)
        assert last.returncode == 0, out

    rows = stored(
        store,
        "message, level, service",
        Path("journal"),
        "AND match(message, '^[0-9]') ORDER BY at, number",
    )
    found = [(number_in(message), level, service) for message, level, service in rows]
    assert found == [(number, "ERROR", "shop") for number in range(machine.written)]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["create", "copytruncate"])
@pytest.mark.parametrize("with_what", ["gzip", "xz", "zstd", "bzip2", "lz4", "zip"])
def test_files_compressed_by_logrotate_are_read_once_and_in_order_despite_kills(
    served: Served, store: StoreProcess, tmp_path: Path, how: str, with_what: str
) -> None:
    path = tmp_path / "app.log"
    path.touch()
    rotate = logrotate(path, "rotate 99", how, *compressed(with_what))
    written = 0

    def write(count: int) -> None:
        nonlocal written
        with path.open("a") as file:
            file.writelines(f"{number} {'x' * 200}\n" for number in range(written, written + count))
        written += count

    for turn in range(4):
        agent = start(served, tmp_path, "--log", str(path))
        wait_for_spool(tmp_path)
        write(30_000)
        # Some of them are sent by then, and some are not.
        wait_for(store, path, written - 30_000 + 1 + turn * 5_000)
        agent.kill()
        agent.communicate()
        write(1_000)
        rotate()
        write(1_000)
        rotate()
        write(1_000)
    assert not (tmp_path / "app.log.1").exists()
    with start(served, tmp_path, "--once", "--log", str(path)) as last:
        out, _ = last.communicate(timeout=120)
        assert last.returncode == 0, out

    rows = stored(store, "message", path, "ORDER BY at, number")
    assert [number_in(message) for (message,) in rows] == list(range(written))


def number_in(message: str) -> int:
    """Return the number with which a line of these tests begins."""
    return int(message.partition(" ")[0])


def compressed(with_what: str) -> list[str]:
    """Return the orders by which logrotate compresses a file in the run that rotates it."""
    packer = shutil.which(with_what)
    if packer is None:
        pytest.skip(f"{with_what} is not here")
    endings = {"gzip": ".gz", "xz": ".xz", "zstd": ".zst", "bzip2": ".bz2", "lz4": ".lz4", "zip": ".zip"}
    return ["compress", "nodelaycompress", f"compresscmd {packer}", f"compressext {endings[with_what]}"]
