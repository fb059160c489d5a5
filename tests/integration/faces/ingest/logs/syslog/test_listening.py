"""Real sockets, and a store that may be down: input is limited, and everything accepted is stored."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from tests.integration.faces.ingest.served import DOCUMENT
from tests.registered import schema

from toban.chapters.logs.bindings import HostPort
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.telemetry.logs.rows import InsertBatch, LogStore
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.ingest.logs.syslog.intake import MOST_BYTES, SyslogIntake
from toban.faces.ingest.logs.syslog.listeners import DatagramListener, StreamListener
from toban.faces.ingest.logs.syslog.rules import SyslogMessage, address_of

HERE = HostPort("127.0.0.1", 0)
SOURCE = address_of("127.0.0.1")


@dataclass
class Store:
    """Stores each batch once, unless it is down or refuses."""

    is_away: bool = False
    refuses: bool = False
    batches: dict[str, list[str]] = field(default_factory=dict)

    def write(self, batch: InsertBatch) -> None:
        if self.is_away:
            raise StoreUnavailable("away")
        if self.refuses:
            raise StoreRefused("no")
        self.batches[batch.key] = batch.rows["message"].to_pylist()

    @property
    def messages(self) -> list[str]:
        return [message for batch in self.batches.values() for message in batch]


def edition() -> Edition:
    bindings = '[senders.hosts]\nmay = ["logs"]\nnetworks = ["127.0.0.0/8"]'
    return Edition(
        read_design(DOCUMENT, "運用設計書.md"), read_bindings(bindings, Path("toban.toml"), schema())
    )


def intake(store: Store) -> SyslogIntake:
    return SyslogIntake(edition, lambda: cast("LogStore", store), system_clock)


def message(text: str) -> SyslogMessage:
    return SyslogMessage(SOURCE, system_clock().timestamp(), text.encode())


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 - what is waited for is seen from outside only
            await asyncio.sleep(0.01)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await scenario()

    asyncio.run(whole())


def test_messages_waiting_during_a_store_outage_are_stored_afterwards() -> None:
    async def scenario() -> None:
        store = Store(is_away=True)
        queue = intake(store)
        for number in range(3):
            assert queue.offer(message(f"<13>a: {number}"))
        assert not await queue.flush()
        assert queue.offer(message("<13>a: 3"))
        assert not await queue.flush()
        store.is_away = False

        while queue.waiting:
            assert await queue.flush()

        assert store.messages == ["0", "1", "2", "3"]

    run(scenario)


def test_messages_the_store_never_accepts_delay_no_others() -> None:
    async def scenario() -> None:
        store = Store(refuses=True)
        queue = intake(store)
        queue.offer(message("<13>a: bad"))
        assert await queue.flush()
        store.refuses = False
        queue.offer(message("<13>a: good"))
        await queue.flush()

        assert store.messages == ["good"]

    run(scenario)


def test_a_full_queue_drops_datagrams_and_makes_streams_wait() -> None:
    async def scenario() -> None:
        store = Store(is_away=True)
        queue = intake(store)
        stream = StreamListener(queue, lambda _source: True)
        port = await stream.start(HERE)
        while queue.offer(message("<13>a: " + "x" * 60_000)):
            pass
        filled = queue.waiting
        assert filled * 60_000 < MOST_BYTES + 60_000

        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"<13>a: patient\n" * 3)
        await writer.drain()
        await asyncio.sleep(0.2)
        assert queue.waiting == filled

        store.is_away = False
        storing = asyncio.create_task(queue.run())
        await until(lambda: store.messages.count("patient") == 3)
        storing.cancel()
        writer.close()
        await stream.stop()
        assert len(store.messages) == filled + 3

    run(scenario)


def test_streams_from_unknown_hosts_or_that_stall_inside_a_message_are_closed() -> None:
    async def scenario() -> None:
        queue = intake(Store())
        strict = StreamListener(queue, lambda _source: False)
        hasty = StreamListener(queue, lambda _source: True, patience=0.05)
        for listener, words in ((strict, b"<13>x\n"), (hasty, b"50 <13>"), (hasty, b"x999 <13>"[1:] * 9)):
            port = await listener.start(HERE)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(words)
            # With unread data of ours the connection is reset.
            with suppress(ConnectionResetError):
                async with asyncio.timeout(20):
                    assert await reader.read() == b""
            writer.close()
            await listener.stop()

        assert queue.waiting == 0

    run(scenario)


def test_each_datagram_is_a_separate_message() -> None:
    async def scenario() -> None:
        store = Store()
        queue = intake(store)
        listener = DatagramListener(queue, lambda _source: True)
        port = await listener.start(HERE)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(50):
                sender.sendto(f"<13>a: {number}\nsecond line".encode(), ("127.0.0.1", port))
        await until(lambda: queue.waiting == 50)
        await queue.flush()
        await listener.stop()

        assert store.messages == [f"{number}\nsecond line" for number in range(50)]

    run(scenario)


@pytest.mark.parametrize("count", [1, 6000])
def test_the_queue_is_emptied_however_much_is_in_it(count: int) -> None:
    async def scenario() -> None:
        store = Store()
        queue = intake(store)
        storing = asyncio.create_task(queue.run())
        await queue.put([message(f"<13>a: {number}") for number in range(count)])
        await until(lambda: not queue.waiting)
        storing.cancel()

        assert len(store.messages) == count

    run(scenario)
