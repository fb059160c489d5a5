"""The way of an answer from its thread to the event loop."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from toban.engine.telemetry.child.answer import Abandoned, Answer


def test_parts_arrive_in_order_however_many() -> None:
    async def send() -> list[object]:
        answer = Answer()
        work = asyncio.get_running_loop().run_in_executor(None, _filling(answer))
        taken: list[object] = [await answer.take() for _ in range(100)]
        await work
        return taken

    assert asyncio.run(send()) == [str(number).encode() for number in range(100)]


def test_a_thread_that_waits_for_room_is_let_go_when_the_reader_leaves() -> None:
    async def leave() -> None:
        answer = Answer()
        work = asyncio.get_running_loop().run_in_executor(None, _filling(answer))
        await answer.take()
        answer.abandon()
        await work

    with pytest.raises(Abandoned):
        asyncio.run(leave())


def test_no_more_parts_wait_than_there_is_room_for() -> None:
    async def fill() -> int:
        answer = Answer()
        put = 0
        full = threading.Event()

        def make() -> None:
            nonlocal put
            for _ in range(9):
                if put == 8:
                    full.set()
                answer.put(b"")
                put += 1

        work = asyncio.get_running_loop().run_in_executor(None, make)
        await asyncio.to_thread(full.wait)
        waiting = put
        await answer.take()
        await work
        return waiting

    assert asyncio.run(fill()) == 8


def _filling(answer: Answer) -> Callable[[], None]:
    def fill() -> None:
        for number in range(100):
            answer.put(str(number).encode())

    return fill
