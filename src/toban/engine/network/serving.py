"""HTTP connections of Toban's own servers: whoever sends what, the memory for it is bounded."""

import asyncio
from typing import ClassVar, override

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_PIECE = 1024
"""Bytes that are parsed at once outside of a body: as many requests as there are in them may be queued."""
_MOST_HEADERS = 200
"""Each takes more memory than its bytes."""


class BoundedHttp(HttpToolsProtocol):
    """A connection of uvicorn's with its fast parser, which by itself keeps whatever comes.

    It would take headers without end, trailers for headers, and requests without end that wait for the answer
    to the one before.
    """

    largest_head: ClassVar[int] = 16 * 1024
    """Bytes of a request before its body, and of what is between the pieces of a body and after it."""

    flow: "_HeldFlow"
    _unread: bytes = b""
    """What has arrived and is not parsed: a request waits."""
    _is_in_head = False
    _body_left = 0
    """Bytes that are still to come of a body whose length is known."""
    _kept = 0
    """Bytes that were parsed since the last whole part of a request."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as there
        super().connection_made(transport)
        self.flow = _HeldFlow(transport)

    @override
    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._parse()

    @override
    def on_response_complete(self) -> None:
        self.flow.is_held = False
        super().on_response_complete()
        self._parse()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_in_head:
            # A trailer: the request is with its application already.
            return
        if len(self.headers) == _MOST_HEADERS:
            raise ValueError("too many headers")
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        self._is_in_head, self._kept = False, 0
        sent = dict(self.headers)
        self._body_left = int(sent.get(b"content-length", 0))
        if self.parser.get_http_version() == "1.1" and [name for name, _ in self.headers].count(b"host") != 1:
            raise ValueError("one Host is required")
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        self._body_left -= len(body)
        self._kept = 0
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        self._body_left = self._kept = 0
        super().on_message_complete()

    def _parse(self) -> None:
        """Parse what has arrived, as far as no request has to wait for another."""
        content, done = memoryview(self._unread), 0
        while done < len(content) and not self.pipeline and not self.transport.is_closing():
            piece = content[done : done + max(self._body_left, _PIECE)]
            done += len(piece)
            self._kept += len(piece)
            super().data_received(piece)  # type: ignore[arg-type] # which the parser reads as well as bytes
            if self._kept > self.largest_head and not self.transport.is_closing():
                self.send_400_response("Request header fields are too large.")
        self._unread = bytes(content[done:])
        if self.pipeline:
            self.flow.is_held = True
            self.flow.pause_reading()


class _HeldFlow(FlowControl):
    """Does not read on for a request that is being answered while another waits behind it."""

    is_held = False

    @override
    def resume_reading(self) -> None:
        if not self.is_held:
            super().resume_reading()
