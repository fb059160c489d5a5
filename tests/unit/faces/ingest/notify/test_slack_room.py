"""What is sent to the endpoints of Slack is read before anybody knows who sends it, so it is bounded."""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.types import Message

from toban.engine.clock import system_clock
from toban.engine.registry.ports import Ports
from toban.faces.ingest.notify.slack import SlackRequests

KIB = 1024
LONG = 500 * KIB


class Sender:
    """A client that sends the beginning of a body, and the rest once it is told to."""

    def __init__(self, address: str, begin: int) -> None:
        self.has_begun, self.may_end = asyncio.Event(), asyncio.Event()
        self._address, self._begin = address, begin

    async def receive(self) -> Message:
        if not self.has_begun.is_set():
            self.has_begun.set()
            return {"type": "http.request", "body": b"x" * self._begin, "more_body": True}
        await self.may_end.wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    def request(self) -> Request:
        scope = {"type": "http", "method": "POST", "headers": [], "client": (self._address, 40_000)}
        return Request(scope, self.receive)


async def statuses(slow: Sequence[Sender], late: Sequence[Sender]) -> list[int]:
    """Return how *late* are answered while *slow* have not sent all of their bodies; then all end."""
    slack = SlackRequests(lambda: None, system_clock, Ports())
    async with asyncio.timeout(30):
        waiting = [asyncio.create_task(slack.act(each.request())) for each in slow]
        for each in slow:
            await each.has_begun.wait()
        await asyncio.sleep(0)
        for each in late:
            each.may_end.set()
        found = [(await slack.act(each.request())).status_code for each in late]
        for each in slow:
            each.may_end.set()
        await asyncio.gather(*waiting)
        again = Sender("192.0.2.1", LONG)
        again.may_end.set()
        return [*found, (await slack.act(again.request())).status_code]


async def _flooded() -> list[int]:
    strangers = [Sender("192.0.2.1", LONG) for _ in range(40)]
    return await statuses(strangers, [Sender("192.0.2.1", LONG), Sender("198.51.100.7", 20 * KIB)])


def test_bodies_that_never_end_fill_no_more_than_the_room_and_keep_other_addresses_no_room() -> None:
    # 503: no room for more of that address; 401: read, and not signed.
    assert asyncio.run(_flooded()) == [503, 401, 401]
