"""The path of an answer from its thread to the event loop."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from toban.engine.telemetry.child.answer import AnswerAbandoned, StreamedAnswer


def test_any_number_of_parts_arrives_in_order() -> None:
    async def send() -> list[object]:
        answer = StreamedAnswer()
        work = asyncio.get_running_loop().run_in_executor(None, _filling(answer))
        taken: list[object] = [await answer.take() for _ in range(100)]
        await work
        return taken

    assert asyncio.run(send()) == [str(number).encode() for number in range(100)]


def test_a_thread_waiting_for_space_is_released_when_the_reader_leaves() -> None:
    async def leave() -> None:
        answer = StreamedAnswer()
        work = asyncio.get_running_loop().run_in_executor(None, _filling(answer))
        await answer.take()
        answer.abandon()
        await work

    with pytest.raises(AnswerAbandoned):
        asyncio.run(leave())


def test_the_number_of_waiting_parts_is_limited() -> None:
    async def fill() -> int:
        answer = StreamedAnswer()
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


def _filling(answer: StreamedAnswer) -> Callable[[], None]:
    def fill() -> None:
        for number in range(100):
            answer.put(str(number).encode())

    return fill
