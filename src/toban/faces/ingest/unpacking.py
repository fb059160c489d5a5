"""Compressed bodies, unpacked up to a bound, so that a decompression bomb costs no memory."""

import zlib

import cramjam
import zstandard

from toban.faces.ingest.senders import TooLarge


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """Undo *encoding*, a `Content-Encoding` of one step: gzip, deflate, zstd, br, or none.

    Raises `TooLarge` beyond *most* bytes, and `ValueError` if *body* is not in that encoding.
    """
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
