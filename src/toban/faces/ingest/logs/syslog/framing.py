"""Where messages begin and end in a stream (RFC 6587): counted octets, or one per line. No I/O.

https://www.rfc-editor.org/rfc/rfc6587#section-3.4
"""

import re

MOST = 64 * 1024
"""Bytes of a message; RFC 5425 requires at least 8192."""

_DIGITS = b"0123456789"
_MOST_DIGITS = 7
_BETWEEN = b"\n\r\0 "
_END = re.compile(rb"[\n\0]")
"""The end of a line; Python's own client ends a message with a zero byte."""


class BadFraming(Exception):
    """Nothing shows where the next message begins."""


class Framer:
    """Cuts a stream into messages; the sender chooses the framing of each message."""

    def __init__(self) -> None:
        self._waiting = b""
        self._is_passing = False
        """Whether the next bytes are the rest of a line that was too long."""

    @property
    def is_within(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._waiting)

    def feed(self, more: bytes) -> list[bytes]:
        """Return the messages that *more* completes, or raise `BadFraming`; too long a line is cut."""
        self._waiting += more
        found: list[bytes] = []
        while (message := self._next()) is not None:
            found.append(message)
        return [message for message in found if message]

    def end(self) -> list[bytes]:
        """Return what is left when the stream ends: the last line may have no end."""
        last, self._waiting = self._waiting, b""
        is_line = bool(last) and last[0] not in _DIGITS and not self._is_passing
        return [last] if is_line else []

    def _next(self) -> bytes | None:
        if self._is_passing:
            end = _END.search(self._waiting)
            self._waiting = self._waiting[end.end() :] if end else b""
            self._is_passing = end is None
        self._waiting = self._waiting.lstrip(_BETWEEN)
        if not self._waiting:
            return None
        return self._counted() if self._waiting[0] in _DIGITS else self._line()

    def _counted(self) -> bytes | None:
        number, space, _ = self._waiting[: _MOST_DIGITS + 1].partition(b" ")
        if not space:
            if len(number) > _MOST_DIGITS or not number.isdigit():
                raise BadFraming("no octet count before a message")
            return None
        if not number.isdigit() or not 0 < int(number) <= MOST:
            raise BadFraming(f"an octet count that is none, or beyond {MOST}")
        start = len(number) + 1
        end = start + int(number)
        if len(self._waiting) < end:
            return None
        message, self._waiting = self._waiting[start:end], self._waiting[end:]
        return message

    def _line(self) -> bytes | None:
        end = _END.search(self._waiting)
        line = self._waiting[: end.start()] if end else self._waiting
        if len(line) > MOST:
            self._waiting, self._is_passing = self._waiting[MOST:], True
            return line[:MOST]
        if end is None:
            return None
        self._waiting = self._waiting[end.end() :]
        return line
