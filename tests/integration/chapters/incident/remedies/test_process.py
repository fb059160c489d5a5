"""A real process that is killed, and started again by its remedy."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.integration.chapters.incident.remedies.mended import RESTART, SECOND, WEB, Mended, bound
from tests.ports import free_port

from toban.chapters.incident.models import RemedyUse
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition
from toban.engine.runs.models import Run

pytestmark = pytest.mark.django_db

DOWN = "Webサーバーダウン"
SERVER = """
import http.server, os, pathlib, sys
pathlib.Path(sys.argv[2]).write_text(str(os.getpid()))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.BaseHTTPRequestHandler).serve_forever()
"""
START = """
import pathlib, subprocess, sys
port, pid, target = sys.argv[1:]
subprocess.Popen(
    [sys.executable, str(pathlib.Path(__file__).with_name("server.py")), port, pid],
    start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
)
print("started", target)
"""


class WebServer:
    """A real process that serves until somebody kills it."""

    def __init__(self, folder: Path) -> None:
        self.port, self.pid = free_port(), folder / "pid"
        (folder / "server.py").write_text(SERVER)
        (folder / "start.py").write_text(START)
        self.command = [sys.executable, str(folder / "start.py"), str(self.port), str(self.pid), "{target}"]

    def start(self) -> None:
        subprocess.run([*self.command[:-1], WEB], check=True)
        self.wait()

    def wait(self) -> None:
        for _ in range(600):
            if self.serves():
                return
            time.sleep(0.05)
        pytest.fail("the server does not serve")

    def serves(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def kill(self) -> None:
        with suppress(OSError, ValueError, psutil.Error):
            process = psutil.Process(int(self.pid.read_text()))
            process.kill()
            process.wait(10)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    server = WebServer(tmp_path)
    yield server
    server.kill()


def look(mended: Mended, web: WebServer) -> None:
    """Measure whether the server is up, as a source does."""
    mended.report(WEB, "up", Condition.OK if web.serves() else Condition.CRITICAL)


def test_a_killed_process_is_started_again_and_the_time_to_recovery_is_measured(
    mended: Mended, web: WebServer
) -> None:
    mended.take(bound(*web.command, mode="act"))
    web.start()
    look(mended, web)
    mended.go()
    assert mended.uses() == []
    assert mended.verdict(DOWN) is Verdict.NOT_DUE
    web.kill()
    look(mended, web)

    mended.turn()
    mended.work()
    web.wait()
    mended.pass_(30 * SECOND)
    look(mended, web)
    mended.turn()

    use = RemedyUse.objects.get()
    assert (use.remedy, use.target, use.effect, use.took) == (RESTART, WEB, "recovered", 30.0)
    (run,) = mended.runs()
    assert run.state == Run.State.DONE
    assert f"started {WEB}" in [str(line.text) for line in run.log.all()]
    assert mended.verdict(DOWN) is Verdict.CONFORMING
    assert mended.told(DOWN, WEB) is None
    entry = LedgerEntry.objects.get(content__event="remedy-applied")
    assert (entry.actor, entry.content["run"], entry.content["alert"]) == (
        "trigger",
        run.pk,
        str(use.alert_id),
    )
