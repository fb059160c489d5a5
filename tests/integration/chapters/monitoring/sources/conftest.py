"""TLS servers with certificates good and bad."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme


class TlsServer:
    """Shakes hands on a free port of loopback, answers `200`, and remembers the names it was asked for."""

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
            # A client that trusts nothing here hangs up in the handshake.
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
    """A certificate that vouches for itself: an authority's own."""
    authority = trustme.CA()
    return trustme.LeafCert(authority.private_key_pem.bytes(), authority.cert_pem.bytes(), [])


def expired(authority: trustme.CA, since: timedelta) -> trustme.LeafCert:
    """A certificate for loopback that was good until *since* ago."""
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
    """Return a function that starts a server which shows the certificate it is given."""
    started: list[TlsServer] = []

    def start(certificate: trustme.LeafCert) -> TlsServer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        started.append(TlsServer(context))
        return started[-1]

    yield start
    for server in started:
        server.close()
