"""Real syslog clients with a real server: util-linux's logger, Python's, rsyslog's, and lines of nginx."""

import logging
import logging.handlers
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving
from tests.ports import free_port

from toban.engine.telemetry.store import Telemetry

LOGGER = shutil.which("logger") or ""
ROOT = Path(__file__).parents[6]
LIBRARIES = ROOT / ".boot" / "debian" / "usr" / "lib" / "x86_64-linux-gnu"
BINDINGS = """
[syslog]
tcp = "127.0.0.1:{tcp}"
udp = "127.0.0.1:{udp}"

[syslog.tls]
listen = "127.0.0.1:{tls}"
certificate = "server.pem"
key = "server.key"
clients = "ca.pem"

[senders.routers]
may = ["logs"]
networks = ["127.0.0.0/8"]
hosts = ["router-*"]
log = "監査ログ"

[senders.hosts]
may = ["logs"]
networks = ["127.0.0.0/8"]
"""


@dataclass
class Ports:
    """The ports of the server, and its store."""

    tcp: int
    udp: int
    tls: int
    folder: Path
    telemetry: Telemetry

    def stored(self, containing: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait for *count* rows whose message contains *containing*, and return them."""
        until = time.monotonic() + 60
        columns = ("sender", "kind", "level", "service", "message", "attributes")
        sql = f"SELECT {', '.join(columns)} FROM logs WHERE message LIKE {{like:String}} ORDER BY at, number"  # noqa: S608
        while time.monotonic() < until:
            found = self.telemetry.ask(sql, {"like": f"%{containing}%"})
            if len(found) >= count:
                return [dict(zip(columns, row, strict=True)) for row in found]
            time.sleep(0.2)
        raise AssertionError(f"{containing} did not come {count} times")


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Iterator[Ports]:
    home = tmp_path_factory.mktemp("served")
    authority = trustme.CA()
    server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("device")
    authority.cert_pem.write_to_path(home / "ca.pem")
    server.cert_chain_pems[0].write_to_path(home / "server.pem")
    server.private_key_pem.write_to_path(home / "server.key")
    client.private_key_and_cert_chain_pem.write_to_path(home / "client.pem")
    tcp, udp, tls = free_port(), free_port(), free_port()
    bindings = BINDINGS.format(tcp=tcp, udp=udp, tls=tls)
    with serving(home, DOCUMENT, bindings, telemetry=store.telemetry_url) as served:
        await_port(served, tcp)
        yield Ports(tcp, udp, tls, home, store.telemetry)


def await_port(served: Served, port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nobody listens; the server is {served.process.poll()}")


@pytest.mark.parametrize("way", [("--tcp", "--octet-count"), ("--tcp",), ("--udp",)], ids="".join)
@pytest.mark.skipif(not LOGGER, reason="util-linux's logger is not here")
def test_messages_of_logger_in_rfc_5424_and_3164_are_understood(ports: Ports, way: tuple[str, ...]) -> None:
    port = ports.udp if "--udp" in way else ports.tcp
    word = "by" + "".join(way)
    # With facility kern, logger would use user instead.
    for form, priority in (("--rfc5424", "local3.err"), ("--rfc3164", "daemon.debug")):
        subprocess.run(
            [LOGGER, "--server", "127.0.0.1", "--port", str(port), *way, form, "--priority", priority,
             "--tag", "shop", "--id=77", f"{word} {form} 在庫なし"],
            check=True, timeout=30,
        )  # fmt: skip

    modern, old = (ports.stored(f"{word} {form}")[0] for form in ("--rfc5424", "--rfc3164"))

    assert (modern["level"], modern["service"], modern["sender"]) == ("ERROR", "shop", "hosts")
    assert modern["message"] == f"{word} --rfc5424 在庫なし"
    assert (modern["attributes"]["facility"], modern["attributes"]["pid"]) == ("local3", "77")
    assert "timeQuality" in modern["attributes"]["sd"]
    assert (old["level"], old["service"], old["attributes"]["facility"]) == ("DEBUG", "shop", "daemon")


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_the_syslog_handler_of_python_is_understood(ports: Ports, kind: socket.SocketKind) -> None:
    port = ports.tcp if kind is socket.SOCK_STREAM else ports.udp
    handler = logging.handlers.SysLogHandler(("127.0.0.1", port), socktype=kind)
    handler.ident = "shop: "
    logger = logging.getLogger("of this test")
    logger.addHandler(handler)

    logger.warning("from python %s", kind.name)
    logger.error("and %s again", kind.name)
    logger.removeHandler(handler)
    handler.close()

    (row,) = ports.stored(f"from python {kind.name}")
    assert (row["level"], row["service"], row["message"]) == (
        "WARNING",
        "shop",
        f"from python {kind.name}",
    )


def test_a_message_over_tls_belongs_to_the_host_it_names(ports: Ports) -> None:
    context = ssl.create_default_context(cafile=ports.folder / "ca.pem")
    context.load_cert_chain(ports.folder / "client.pem")
    message = "<134>1 2026-11-26T00:00:00Z router-7 sshd 1 ID9 - over tls"

    with (
        socket.create_connection(("127.0.0.1", ports.tls)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as stream,
    ):
        message = message.replace("2026-11-26T00:00:00Z", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        stream.sendall(f"{len(message)} {message}".encode())

    (row,) = ports.stored("over tls")
    assert (row["sender"], row["kind"], row["service"]) == ("routers", "audit", "sshd")


def test_a_client_without_a_certificate_is_refused(ports: Ports) -> None:
    context = ssl.create_default_context(cafile=ports.folder / "ca.pem")

    # A TLS alert, a reset or a plain end of the connection; but no message is accepted.
    with (
        suppress(ssl.SSLError, ConnectionError),
        socket.create_connection(("127.0.0.1", ports.tls)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as stream,
    ):
        stream.sendall(b"<13>by nobody\n")
        assert stream.recv(1) == b""
    with socket.create_connection(("127.0.0.1", ports.tcp)) as stream:
        stream.sendall(b"<13>by somebody\n")

    assert [row["message"] for row in ports.stored("body")] == ["by somebody"]


@contextmanager
def rsyslog(folder: Path, target: str) -> Iterator[Path]:
    """Run Debian's rsyslogd, which forwards everything written to a file; yields that file."""
    program = ROOT / ".boot" / "debian" / "usr" / "sbin" / "rsyslogd"
    if not program.exists():
        pytest.skip("Debian's rsyslog is not here")
    written = folder / "in.log"
    written.touch()
    (folder / "rsyslog.conf").write_text(f"""
global(workDirectory="{folder}")
module(load="imfile" PollingInterval="1" mode="polling")
input(type="imfile" File="{written}" Tag="shop:" Severity="warning" Facility="local1")
action(type="omfwd" {target} template="RSYSLOG_SyslogProtocol23Format"
       queue.type="LinkedList" action.resumeRetryCount="-1" action.resumeInterval="1")
""")
    modules = LIBRARIES / "rsyslog"
    process = subprocess.Popen(
        [program, "-n", "-f", folder / "rsyslog.conf", "-i", folder / "pid", "-M", modules],
        env={**os.environ, "LD_LIBRARY_PATH": str(LIBRARIES)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield written
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.parametrize("framing", ["octet-counted", "traditional"])
def test_rsyslog_forwards_over_tcp(ports: Ports, tmp_path: Path, framing: str) -> None:
    target = f'target="127.0.0.1" port="{ports.tcp}" protocol="tcp" TCP_Framing="{framing}"'
    with rsyslog(tmp_path, target) as written:
        with written.open("a") as file:
            file.writelines(f"{framing} line {number}\n" for number in range(200))
        rows = ports.stored(f"{framing} line", 200)

    assert [row["message"] for row in rows] == [f"{framing} line {number}" for number in range(200)]
    assert (rows[0]["level"], rows[0]["service"], rows[0]["attributes"]["facility"]) == (
        "WARNING",
        "shop",
        "local1",
    )
