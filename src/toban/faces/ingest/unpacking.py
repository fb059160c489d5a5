"""Compressed bodies, unpacked up to a bound, so that a decompression bomb costs neither memory nor time."""

import zlib

import cramjam
import zstandard

from toban.faces.ingest.senders import TooLarge

MOST_VALUES = 600_000
"""Values in a body that a parser reads in one step, during which the server does nothing else.

A batch of 10,000 log records has as many; it takes at most some 30 ms.
"""
JSON_MARKS = b"{[,"
PROTOBUF_MARKS = bytes(field << 3 | 2 for field in (*range(1, 10), 11, 13))
"""What begins a message inside a message: the repeated fields of OTLP and of remote write."""

_AT_A_TIME = 1024 * 1024
"""Bytes that are looked through in one step."""

_RATIO = 250
"""How far a body may grow: logs that repeat themselves reach a hundred."""
_ANY_RATIO = 1024 * 1024
"""Bytes up to which it may grow further."""


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """Undo *encoding*, a `Content-Encoding` of one step: gzip, deflate, zstd, br, or none.

    Raises `TooLarge` beyond *most* bytes or `_RATIO`, and `ValueError` if *body* is not in that encoding.
    """
    most = min(most, max(_ANY_RATIO, _RATIO * len(body)))
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _inflated(body, zlib.MAX_WBITS | 16, most)
        case "deflate":
            return _inflated(body, zlib.MAX_WBITS, most)
        case "zstd":
            return _zstd(body, most)
        case "br":
            return _brotli(body, most)
        case other:
            known = "gzip, deflate, zstd and br are"
            raise ValueError(f"Content-Encoding {other[:40]!r} is not understood: {known}")


def first_line(begin: bytes, encoding: str, most: int) -> bytes | None:
    """Return the first line of a packed body by its first bytes, however much follows.

    None: more is needed to see its end. Raises `TooLarge` if it is longer than *most*, and `ValueError` if
    *begin* is not in that encoding, or is in one that can't be read piece by piece.
    """
    content = _begin(begin, encoding.strip().lower(), most + 1)
    line, end, _ = content.partition(b"\n")
    if not end and len(content) > most:
        raise TooLarge
    return line if end else None


def _begin(packed: bytes, encoding: str, most: int) -> bytes:
    try:
        match encoding:
            case "" | "identity":
                return packed[:most]
            case "gzip" | "x-gzip":
                return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(packed, most)
            case "deflate":
                return zlib.decompressobj().decompress(packed, most)
            case "zstd":
                with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(packed) as reader:
                    return reader.read(most)
            case _:
                raise ValueError("the key must be in a header or in the address")
    except (zlib.error, zstandard.ZstdError) as error:
        raise ValueError("the body is not what its Content-Encoding says") from error


def refuse_too_many(body: bytes, marks: bytes) -> None:
    """Raise `TooLarge` if *body* may hold more than `MOST_VALUES` values, each begun by one of *marks*.

    Some marks are letters of texts: the count errs on the safe side.
    """
    found = 0
    for at in range(0, len(body), _AT_A_TIME):
        piece = body[at : at + _AT_A_TIME]
        found += len(piece) - len(piece.translate(None, marks))
        if found > MOST_VALUES:
            raise TooLarge


def lines_in(body: bytes) -> int:
    """Return the number of line ends in *body*."""
    return sum(body.count(b"\n", at, at + _AT_A_TIME) for at in range(0, len(body), _AT_A_TIME))


def _inflated(body: bytes, window: int, most: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=window)
    try:
        content = unpacker.decompress(body, most)
    except zlib.error as error:
        raise ValueError("the body is not what its Content-Encoding says") from error
    if unpacker.unconsumed_tail:
        raise TooLarge
    if not unpacker.eof:
        raise ValueError("the compressed body is cut off")
    return content


def _zstd(body: bytes, most: int) -> bytes:
    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
            body, read_across_frames=True
        ) as reader:
            content = reader.read(most + 1)
    except zstandard.ZstdError as error:
        raise ValueError("the body is not what its Content-Encoding says") from error
    if len(content) > most:
        raise TooLarge
    return content


def _brotli(body: bytes, most: int) -> bytes:
    # Into buffers of growing size: the library only says that a buffer was too small.
    room = min(most, 64 * 1024 + 8 * len(body))
    while True:
        content = bytearray(room)
        try:
            size: int = cramjam.brotli.decompress_into(body, content)
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):
                raise ValueError("the body is not what its Content-Encoding says") from error
            if room >= most:
                raise TooLarge from error
            room = min(most, room * 8)
        else:
            return bytes(content[:size])
