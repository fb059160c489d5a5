"""Connections on which nothing is asked, at a real `toban serve`: none of them keeps others out."""

import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from tests import asking
from tests.integration.faces.ingest.served import Served, serving
from tests.ports import free_port

from toban.faces.ingest.connections import MOST_SILENT

pytestmark = pytest.mark.slow

PATIENCE, UNREAD = 10, 30
SPARE = 60
BEGUN = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
STRANGERS = b"POST /ingest/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 16000000\r\n\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def opened(served: Served, connections: ExitStack, sent: bytes = b"") -> socket.socket:
    made = connections.enter_context(
        socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE * 3)
    )
    made.sendall(sent)
    return made


def held_for(connection: socket.socket, sending: bytes) -> float:
    """Return how many seconds the server holds *connection*, while a little is sent all the time."""
    began = time.monotonic()
    connection.settimeout(0.5)
    while time.monotonic() - began < PATIENCE * 3:
        try:
            connection.sendall(sending)
            if not connection.recv(4096):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


@pytest.mark.parametrize(("sent", "sending"), [(b"", b""), (BEGUN, b"x"), (STRANGERS, b"x")],
                         ids=["nothing", "headers", "after the answer"])  # fmt: skip
def test_a_connection_on_which_nobody_asks_ends(
    sent: bytes, sending: bytes, served: Served, connections: ExitStack
) -> None:
    assert held_for(opened(served, connections, sent), sending) == pytest.approx(PATIENCE, abs=2)


def test_headers_find_limited_room(served: Served, connections: ExitStack) -> None:
    connection = opened(served, connections, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    line, sent = b"X-Long: " + b"x" * 8000 + b"\r\n", 0

    with suppress(ConnectionError):
        while sent < 4_000_000:
            connection.sendall(line)
            sent += len(line)
            time.sleep(0.001)

    assert sent < 4_000_000
    assert asking.get(f"{served.url}/healthz").is_success


def test_whoever_leaves_the_answers_unread_is_cut_off(served: Served, connections: ExitStack) -> None:
    [file] = re.findall(r'src="(/static/[^"]+)"', asking.get(f"{served.url}/accounts/login/").text)
    ask = f"GET {file} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    deaf = opened(served, connections)
    deaf.settimeout(1)
    with suppress(TimeoutError):
        while True:
            # Until the server takes no more, since it can't answer.
            deaf.sendall(ask * 100)
    assert is_held(served, deaf)

    time.sleep(2 * UNREAD + 2)

    assert not is_held(served, deaf)


def is_held(served: Served, connection: socket.socket) -> bool:
    """Return whether the server holds its end of *connection*."""
    held = psutil.Process(served.process.pid).net_connections()
    return any(each.raddr and each.raddr.port == connection.getsockname()[1] for each in held)


def test_the_oldest_silent_one_gives_way_to_who_asks(served: Served, connections: ExitStack) -> None:
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    connections.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, most))

    held = [opened(served, connections, BEGUN) for _ in range(MOST_SILENT + SPARE)]

    assert asking.get(f"{served.url}/healthz").is_success
    assert held[0].recv(1) == b""
    held[-1].sendall(b"\r\n\r\n")
    assert held[-1].recv(15) == b"HTTP/1.1 200 OK"


def test_the_server_raises_a_low_limit_of_the_system(tmp_path: Path) -> None:
    served = Served(tmp_path, free_port())
    served.start()
    served.stop()
    few = [*("sh", "-c", 'ulimit -Sn 256 && exec "$@"', "sh"), sys.executable, "-m", "toban", "serve"]
    with subprocess.Popen([*few, "--port", str(served.port)], env=served.environment) as process:
        served._await_health()
        soft, most = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        process.terminate()

    assert soft == min(most, 4096) > 256
