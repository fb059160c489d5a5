"""The supervisor with real processes, in a separate process like `toban up`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.ports import free_port

from toban.engine.supervision.home import HomeUnusable, hold_file, processes_file, take
from toban.message import message_of

# Supervised here: a child that does nothing and lives until it is stopped; one that has its own child; one
# that ignores the stop request.
SLEEPER = "import time; print('awake', flush=True); time.sleep(600)"
PARENT = (
    f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); time.sleep(600)"
)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"

SUPERVISE = """
import itertools, json, sys
from datetime import timedelta
from pathlib import Path
from toban.engine.clock import system_clock
from toban.engine.supervision.home import take
from toban.engine.supervision.program import Program
from toban.engine.supervision.supervisor import Supervisor, run_until_signalled

programs = [
    Program(name=name, command=(sys.executable, "-c", code), after=tuple(after), **(more[0] if more else {}))
    for name, code, after, *more in json.loads(sys.argv[2])
]
# All looks but the first are as much later as the third argument says.
later = itertools.chain([timedelta(0)], itertools.repeat(timedelta(seconds=float(sys.argv[3]))))
clock = lambda: system_clock() + next(later)
say = lambda line: print(line, flush=True)
run_until_signalled(Supervisor(programs, take(Path(sys.argv[1])), url="", say=say, clock=clock))
"""

Specification = tuple[str, str, list[str]] | tuple[str, str, list[str], dict[str, Any]]
Start = Callable[..., "Supervised"]


class Supervised:
    """A supervisor's process and its output."""

    def __init__(self, home: Path, process: "subprocess.Popen[str]") -> None:
        self.home = home
        self.process = process

    def shown(self) -> dict[str, dict[str, Any]]:
        """Return the processes by name, from the status file."""
        try:
            found = json.loads(processes_file(self.home).read_text())
        except FileNotFoundError:
            return {}
        return {process["name"]: process for process in found["processes"]}

    def heard(self, words: str) -> None:
        """Read the supervisor's output up to the line that contains *words*."""
        assert self.process.stdout is not None
        assert any(words in line for line in self.process.stdout)

    def pid(self, name: str, *, other_than: int | None = None) -> int:
        """Return the process id of *name* once it runs."""

        def running() -> int:
            pid = self.shown().get(name, {}).get("pid")
            return 0 if pid is None or pid == other_than else int(pid)

        return wait_for(running)


def wait_for[T](question: Callable[[], T]) -> T:
    """Ask until the answer is true; the limit only matters if something is broken."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.05)
    raise AssertionError("it never happened")


def is_gone(process: psutil.Process) -> bool:
    """Return whether *process* has ended, even if it has not been reaped yet."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(*programs: Specification, later: float = 0) -> Supervised:
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, str(tmp_path / "home"), json.dumps(programs), str(later)],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return Supervised(tmp_path / "home", process)

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_a_killed_child_is_restarted_and_the_operator_is_informed(supervise: Start) -> None:
    supervised = supervise(("watch", SLEEPER, []))
    first = supervised.pid("watch")

    os.kill(first, signal.SIGKILL)

    assert supervised.pid("watch", other_than=first) != first
    supervised.process.terminate()
    assert "watch が終了しました (シグナル SIGKILL)" in supervised.process.communicate()[0]


def test_a_held_child_stays_stopped_until_it_is_released(supervise: Start) -> None:
    supervised = supervise(("watch", SLEEPER, []))
    first = supervised.pid("watch")
    hold = hold_file(supervised.home, "watch")

    hold.touch()
    wait_for(lambda: supervised.shown()["watch"]["phase"] == "held")
    assert not psutil.pid_exists(first)
    hold.unlink()

    assert supervised.pid("watch") != first


def test_the_output_of_a_child_is_in_its_log(supervise: Start) -> None:
    supervised = supervise(("watch", SLEEPER, []))

    log = supervised.home / "log" / "watch.log"

    assert wait_for(lambda: log.exists() and log.read_text()) == "awake\n"


def test_processes_started_by_a_child_die_with_it(supervise: Start) -> None:
    supervised = supervise(("watch", PARENT, []))
    first = supervised.pid("watch")
    grandchild = wait_for(lambda: psutil.Process(first).children())[0]

    os.kill(first, signal.SIGKILL)

    wait_for(lambda: is_gone(grandchild))


def test_children_die_with_a_killed_supervisor(supervise: Start) -> None:
    supervised = supervise(("watch", SLEEPER, []))
    child = psutil.Process(supervised.pid("watch"))

    supervised.process.kill()

    wait_for(lambda: is_gone(child))


def test_dependents_stop_before_what_they_depend_on(supervise: Start) -> None:
    supervised = supervise(("store", SLEEPER, []), ("worker", SLEEPER, ["store"]))
    supervised.pid("worker")

    supervised.process.terminate()

    said = supervised.process.communicate()[0]
    assert supervised.process.returncode == 0
    assert said.index("worker を止めました") < said.index("store を止めました")


def test_a_child_that_ignores_the_stop_request_does_not_block_the_supervisor(supervise: Start) -> None:
    supervised = supervise(("deaf", DEAF, []))
    child = supervised.pid("deaf")

    supervised.process.terminate()
    supervised.process.communicate(timeout=30)

    assert not psutil.pid_exists(child)


def test_a_second_request_to_stop_kills_at_once(supervise: Start) -> None:
    supervised = supervise(("deaf", DEAF, []))
    child = supervised.pid("deaf")

    supervised.process.send_signal(signal.SIGINT)
    supervised.heard("停止しています")
    supervised.process.send_signal(signal.SIGINT)
    supervised.process.wait(timeout=30)

    assert not psutil.pid_exists(child)


LISTENER = """
import pathlib, socket, sys, time
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.05)
listener = socket.create_server(("127.0.0.1", {port}))
time.sleep(600)
"""


def test_what_judges_a_program_starts_when_that_is_ready(supervise: Start, tmp_path: Path) -> None:
    gate, port = tmp_path / "gate", free_port()
    supervised = supervise(
        ("shop", LISTENER.format(gate=str(gate), port=port), [], {"ready": f"tcp://127.0.0.1:{port}"}),
        ("worker", SLEEPER, [], {"judges": ["shop"]}),
    )
    supervised.pid("shop")
    time.sleep(1)
    assert supervised.shown()["worker"]["phase"] == "waiting"

    gate.touch()

    assert supervised.pid("worker")
    assert supervised.shown()["shop"]["phase"] == "ready"


def test_what_never_gets_ready_is_judged_all_the_same(supervise: Start) -> None:
    supervised = supervise(
        ("shop", SLEEPER, [], {"ready": f"tcp://127.0.0.1:{free_port()}"}),
        ("worker", SLEEPER, [], {"judges": ["shop"]}),
        later=90,
    )

    assert supervised.pid("worker")
    assert supervised.shown()["shop"]["phase"] == "starting"


def test_what_an_operator_holds_is_judged_at_once(supervise: Start, tmp_path: Path) -> None:
    hold = hold_file(tmp_path / "home", "shop")
    hold.parent.mkdir(parents=True)
    hold.touch()

    supervised = supervise(
        ("shop", SLEEPER, [], {"ready": f"tcp://127.0.0.1:{free_port()}"}),
        ("worker", SLEEPER, [], {"judges": ["shop"]}),
    )

    assert supervised.pid("worker")


def test_a_home_serves_one_instance_at_a_time(tmp_path: Path) -> None:
    home = take(tmp_path / "home")

    with pytest.raises(HomeUnusable, match=f"すでに動いています .プロセス {os.getpid()}") as refused:
        take(home.path)

    assert "--home" in str(refused.value.hint)
    assert "already runs here" in message_of(refused.value).in_language("en")


def test_a_home_that_cannot_be_created_is_refused_with_the_cause(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(HomeUnusable, match="Not a directory"):
        take(tmp_path / "file" / "home")


def test_a_home_and_its_secrets_are_private(tmp_path: Path) -> None:
    home = take(tmp_path / "home")

    secret = home.secret("secret-key")

    assert home.path.stat().st_mode & 0o777 == 0o700
    assert (home.path / "secret-key").stat().st_mode & 0o777 == 0o600
    assert home.secret("secret-key") == secret
