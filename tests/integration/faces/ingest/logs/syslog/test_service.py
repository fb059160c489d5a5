"""Syslog listeners follow the bindings in force, and change with them or with the certificate."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import trustme
from tests.integration.faces.ingest.logs.syslog.test_listening import Store, until
from tests.integration.faces.ingest.served import DOCUMENT
from tests.ports import free_port
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.faces.ingest.logs.syslog.service import Syslog

if TYPE_CHECKING:
    from toban.engine.telemetry.logs.rows import LogStore

SENDER = '[senders.hosts]\nmay = ["logs"]\nnetworks = ["127.0.0.0/8"]\n'


class House:
    """Bindings that a test changes, and a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store()
        self.edition = self.read("")

    def read(self, syslog: str) -> Edition:
        bindings = read_bindings(SENDER + syslog, self.folder / "toban.toml", schema())
        return Edition(read_design(DOCUMENT, "運用設計書.md"), bindings)

    def listen(self, syslog: str) -> None:
        self.edition = self.read(f"[syslog]\n{syslog}")

    def syslog(self) -> Syslog:
        return Syslog(lambda: self.edition, lambda: cast("LogStore", self.store), system_clock, every=0.05)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@contextmanager
def taken() -> Iterator[int]:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield int(one.getsockname()[1])


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_listeners_are_opened_moved_and_closed_with_the_bindings(house: House) -> None:
    async def scenario() -> None:
        first, second = free_port(), free_port()
        running = asyncio.create_task(house.syslog().run())
        house.listen(f'tcp = "127.0.0.1:{first}"')
        await until(lambda: listens(first))
        house.listen(f'tcp = "127.0.0.1:{second}"')
        await until(lambda: listens(second) and not listens(first))
        house.edition = house.read("")
        await until(lambda: not listens(second))
        running.cancel()
        await asyncio.wait((running,))

    asyncio.run(scenario())


def test_a_port_in_use_is_retried_and_waiting_messages_are_stored_at_shutdown(house: House) -> None:
    async def scenario() -> None:
        with taken() as port:
            running = asyncio.create_task(house.syslog().run())
            house.listen(f'tcp = "127.0.0.1:{port}"')
            await asyncio.sleep(0.3)
            assert not running.done()
        await until(lambda: listens(port))
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"<13>a: last words\n")
            await asyncio.sleep(0.3)
            running.cancel()
            await asyncio.wait((running,))

        assert house.store.messages == ["last words"]

    asyncio.run(scenario())


def certify(authority: trustme.CA, folder: Path) -> None:
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "server.pem")
    issued.private_key_pem.write_to_path(folder / "server.key")


def shown(port: int) -> str:
    """Return the certificate shown by a server; empty if there is none."""
    try:
        return ssl.get_server_certificate(("127.0.0.1", port), timeout=2)
    except OSError:
        return ""


def test_a_renewed_certificate_is_picked_up(house: House) -> None:
    async def scenario() -> None:
        authority, port = trustme.CA(), free_port()
        certify(authority, house.folder)
        running = asyncio.create_task(house.syslog().run())
        house.listen(
            f'tls = {{ listen = "127.0.0.1:{port}", certificate = "server.pem", key = "server.key" }}'
        )

        seen = [""]

        async def look() -> bool:
            seen.append(await asyncio.to_thread(shown, port))
            return seen[-1] not in ("", seen[0])

        async with asyncio.timeout(30):
            while not await look():
                pass
            seen[0] = seen[-1]
            certify(authority, house.folder)
            while not await look():
                pass
        running.cancel()
        await asyncio.wait((running,))

    asyncio.run(scenario())


def test_an_invalid_certificate_stops_nothing_else(house: House) -> None:
    async def scenario() -> None:
        (house.folder / "server.pem").write_text("no certificate")
        (house.folder / "server.key").write_text("no key")
        tcp, tls = free_port(), free_port()
        running = asyncio.create_task(house.syslog().run())
        house.listen(
            f'tcp = "127.0.0.1:{tcp}"\n'
            f'tls = {{ listen = "127.0.0.1:{tls}", certificate = "server.pem", key = "server.key" }}'
        )
        await until(lambda: listens(tcp))
        with socket.create_connection(("127.0.0.1", tcp)) as client:
            # Starting TLS is retried meanwhile.
            await asyncio.sleep(0.3)
            client.sendall(b"<13>a: still here\n")
            await until(lambda: house.store.messages == ["still here"])
        running.cancel()
        await asyncio.wait((running,))

    asyncio.run(scenario())
