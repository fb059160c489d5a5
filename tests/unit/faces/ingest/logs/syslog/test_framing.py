"""Messages in a stream, with any framing and wherever the stream is split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.faces.ingest.logs.syslog.framing import MOST, BadFraming, Framer


def framed(*pieces: bytes) -> list[bytes]:
    framer = Framer()
    return [message for piece in pieces for message in framer.feed(piece)] + framer.end()


@pytest.mark.parametrize(
    ("stream", "messages"),
    [
        (b"11 <13>1 hello12 <13>1 hello\n", [b"<13>1 hello", b"<13>1 hello\n"]),
        (b"11 <13>1 hello\n11 <13>1 hello", [b"<13>1 hello", b"<13>1 hello"]),
        (b"<13>a\n<13>b\r\n\n<13>c", [b"<13>a", b"<13>b\r", b"<13>c"]),
        (b"<13>a\x00\n5 <13>b<13>c\n", [b"<13>a", b"<13>b", b"<13>c"]),
        (b"<13>a\0<13>b\0", [b"<13>a", b"<13>b"]),
        (b"5 <1", []),
        (b"", []),
        (b"<13>" + b"x" * MOST + b"y\n<13>b\n", [b"<13>" + b"x" * (MOST - 4), b"<13>b"]),
    ],
)
def test_messages_are_framed_by_count_or_by_line(stream: bytes, messages: list[bytes]) -> None:
    assert framed(stream) == messages
    assert framed(*(stream[at : at + 1000] for at in range(0, len(stream), 1000))) == messages


@given(
    messages=st.lists(st.binary(min_size=1, max_size=40).filter(lambda each: each.strip(b"\n\r\0 ") == each)),
    cuts=st.lists(st.integers(1, 20)),
)
def test_messages_framed_by_count_are_read_back_unchanged(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(b"%d %s" % (len(message), message) for message in messages)
    pieces = []
    for cut in cuts:
        pieces.append(stream[:cut])
        stream = stream[cut:]

    assert framed(*pieces, stream) == messages


@pytest.mark.parametrize("stream", [b"99999999 x", b"12345678", b"12a <13>", b"0 x", b"70000 <13>"])
def test_an_invalid_or_too_large_count_ends_the_stream(stream: bytes) -> None:
    with pytest.raises(BadFraming):
        framed(stream)


@given(pieces=st.lists(st.binary(max_size=50), max_size=8))
def test_never_more_than_one_message_is_buffered(pieces: list[bytes]) -> None:
    framer = Framer()
    try:
        for piece in pieces:
            assert all(0 < len(message) <= MOST for message in framer.feed(piece))
    except BadFraming:
        return
    framer.end()
