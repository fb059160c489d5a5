"""TLS servers with good and bad certificates, and real Redis and postgres_exporter servers."""

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from tests.ports import free_port


class TlsServer:
    """Accepts TLS on a free loopback port, answers `200`, and records the requested server names."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.names: list[str | None] = []
        context.sni_callback = lambda _tls, name, _context: self.names.append(name)
        self._context = context
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._closing.is_set():
            connection, _ = self._listener.accept()
            # A client that does not trust the certificate hangs up in the handshake.
            with connection, suppress(OSError):
                connection.settimeout(5)
                with self._context.wrap_socket(connection, server_side=True) as tls:
                    if tls.recv(65536):
                        tls.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    def close(self) -> None:
        self._closing.set()
        with socket.create_connection(("127.0.0.1", self.port)):
            pass
        self._thread.join()
        self._listener.close()


def self_signed() -> trustme.LeafCert:
    """Return a self-signed certificate, like that of an authority."""
    authority = trustme.CA()
    return trustme.LeafCert(authority.private_key_pem.bytes(), authority.cert_pem.bytes(), [])


def expired(authority: trustme.CA, since: timedelta) -> trustme.LeafCert:
    """Return a certificate for loopback that expired *since* ago."""
    ended = datetime.now(UTC) - since
    return authority.issue_cert("127.0.0.1", not_before=ended - timedelta(days=90), not_after=ended)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


type StartTls = Callable[[trustme.LeafCert], TlsServer]


@pytest.fixture
def start_tls() -> Iterator[StartTls]:
    """Return a function that starts a server with the given certificate."""
    started: list[TlsServer] = []

    def start(certificate: trustme.LeafCert) -> TlsServer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        started.append(TlsServer(context))
        return started[-1]

    yield start
    for server in started:
        server.close()


def wait_for_port(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    pytest.fail(f"nothing listens at {port}")


type StartRedis = Callable[..., int]


@pytest.fixture
def start_redis() -> Iterator[StartRedis]:
    """Return a function that starts a real Redis with the given options, and returns its port."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server (Debian: apt-get install redis-server)")
    # Unpacked next to its libraries and not installed, it does not find them by itself.
    libraries = ":".join(map(str, Path(program).parents[1].glob("lib/*-linux-gnu")))
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries}
    if subprocess.run([program, "--version"], env=environment, capture_output=True, check=False).returncode:
        pytest.skip("needs the libraries of redis-server (Debian: libjemalloc2 liblzf1)")
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str, tls: bool = False, port: int = 0) -> int:
        port = port or free_port()
        ports = ["--port", "0", "--tls-port", str(port)] if tls else ["--port", str(port)]
        process = subprocess.Popen(
            [program, "--bind", "127.0.0.1", "--save", "", "--dir", folder, *ports, *options],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        started.append(process)
        wait_for_port(port)
        return port

    with tempfile.TemporaryDirectory() as folder:
        yield start
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=10)


type StartPostgresExporter = Callable[[str], str]


@pytest.fixture
def start_postgres_exporter() -> Iterator[StartPostgresExporter]:
    """Return a function that starts a real postgres_exporter for a database, and returns its URL."""
    program = shutil.which("prometheus-postgres-exporter") or shutil.which("postgres_exporter")
    if program is None:
        pytest.skip("needs postgres_exporter (Debian: apt-get install prometheus-postgres-exporter)")
    started: list[subprocess.Popen[bytes]] = []

    def start(dsn: str) -> str:
        port = free_port()
        started.append(
            subprocess.Popen(
                [program, f"--web.listen-address=127.0.0.1:{port}"],
                env={**os.environ, "DATA_SOURCE_NAME": dsn},
                stderr=subprocess.DEVNULL,
            )
        )
        wait_for_port(port)
        return f"http://127.0.0.1:{port}/metrics"

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=10)
