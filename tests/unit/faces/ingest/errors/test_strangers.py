"""Envelopes whose sender is not known before their header is read: that costs strangers more than Toban."""

import asyncio
import gzip
from collections.abc import Sequence

import pytest
from starlette.requests import Request
from starlette.types import Message

from toban.engine.bindings.masking import Masking
from toban.engine.clock import system_clock
from toban.engine.masks import masker
from toban.faces.ingest.errors import sentry
from toban.faces.ingest.errors.key import Projects
from toban.faces.ingest.errors.sentry import SentryIn
from toban.faces.ingest.unpacking import first_line

KIB = 1024
NOTHING = b"\x1f\x8b\x08\0" + bytes(6) + b"\0\0\0\xff\xff" * 40 * KIB
"""200 KiB of gzip that unpack to nothing."""
DSN = b'{"dsn": "https://0123456789abcdef0123456789abcdef@toban.example/1"}'


def request(pieces: Sequence[bytes], address: str, ends: asyncio.Event | None = None) -> Request:
    """Return an envelope of *pieces*, packed, which ends once *ends* is set."""
    sent = iter(pieces)

    async def receive() -> Message:
        if (piece := next(sent, None)) is not None:
            return {"type": "http.request", "body": piece, "more_body": True}
        if ends is not None:
            await ends.wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": "POST", "headers": [(b"content-encoding", b"gzip")], "query_string": b"",
        "client": (address, 40_000), "path_params": {"project": "1"},
    }  # fmt: skip
    return Request(scope, receive)


def endpoint() -> SentryIn:
    return SentryIn(lambda: None, lambda _edition: masker(Masking()), system_clock)


def test_what_unpacks_to_nothing_is_not_unpacked_for_each_byte_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def counted(begin: bytes, encoding: str, most: int) -> bytes | None:
        looks.append(len(begin))
        return first_line(begin, encoding, most)

    monkeypatch.setattr(sentry, "first_line", counted)
    pieces = [NOTHING[at : at + 64] for at in range(0, len(NOTHING), 64)]

    answer = asyncio.run(endpoint().envelope(request(pieces, "192.0.2.1")))

    assert answer.status_code == 401
    assert len(looks) < 20
    assert sum(looks) < 3 * len(NOTHING)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_a_header_is_read_however_it_is_cut(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    monkeypatch.setattr(Projects, "name_of", lambda _self, _project, key: shown.append(key))
    packed = gzip.compress(DSN + b"\n" + b"x" * 20)
    pieces = [packed[at : at + size] for at in range(0, len(packed), size)]

    asyncio.run(endpoint().envelope(request(pieces, "192.0.2.1")))

    assert shown == ["0123456789abcdef0123456789abcdef"]


async def answered_beside(strangers: int) -> list[int]:
    """Return how two more are answered while *strangers* do not end: of the same address, and of another."""
    errors, never = endpoint(), asyncio.Event()
    begun = [
        asyncio.create_task(errors.envelope(request([NOTHING], "192.0.2.1", never))) for _ in range(strangers)
    ]
    await asyncio.sleep(0.1)
    answers = [await errors.envelope(request([NOTHING], each)) for each in ("192.0.2.1", "198.51.100.7")]
    never.set()
    await asyncio.gather(*begun)
    return [each.status_code for each in answers]


def test_envelopes_of_strangers_that_never_end_fill_no_more_than_their_room() -> None:
    assert asyncio.run(answered_beside(30)) == [429, 401]
