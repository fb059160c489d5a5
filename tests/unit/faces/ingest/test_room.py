"""How much may be in progress at once, and for whom."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import zstandard

from toban.faces.ingest.room import Busy, IntakeRoom
from toban.faces.ingest.senders import TooLarge


async def pieces(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


def test_one_owner_holds_no_more_than_half_of_the_room() -> None:
    room = IntakeRoom(100)

    with room.held("shop") as shop, room.held("web") as web:
        shop.become(50)
        web.become(50)
        with room.held("shop") as more, pytest.raises(Busy):
            more.become(1)


def test_room_is_given_back_at_the_end_whatever_happened() -> None:
    room = IntakeRoom(100)
    with room.held("shop") as shop, pytest.raises(Busy):
        shop.become(51)
    with room.held("shop") as shop:
        shop.become(50)

    with room.held("shop") as again:
        again.become(50)


def test_a_body_takes_room_as_it_arrives_and_not_as_it_is_announced() -> None:
    room = IntakeRoom(100)
    with room.held("shop") as waiting, room.held("shop") as held:
        assert asyncio.run(held.received(pieces(20, 20), begin=b"y")) == b"y" + b"x" * 40
        assert waiting.size == 0
        assert held.size == 41


def test_a_body_beyond_its_limit_is_refused_at_once() -> None:
    arrived: list[int] = []

    async def long() -> AsyncIterator[bytes]:
        for number in range(10):
            arrived.append(number)
            yield b"x" * 10

    with IntakeRoom(1000).held("shop") as held, pytest.raises(TooLarge):
        asyncio.run(held.received(long(), most=25))

    assert arrived == [0, 1, 2]


def test_what_a_body_becomes_when_it_is_unpacked_takes_room_too() -> None:
    packed = zstandard.compress(bytes(600))
    room = IntakeRoom(1000)

    with room.held("shop") as held, pytest.raises(Busy):
        held.unpacked(packed, "zstd")
    with room.held("shop") as held:
        assert len(held.unpacked(zstandard.compress(bytes(400)), "zstd")) == held.size == 400
