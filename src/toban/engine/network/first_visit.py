"""One connection for each request, as of a first-time visitor, for httpx.

httpx's own pool takes up to twice the processor time, most of it to keep what is not to be kept.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, override

import httpx

_AT_ONCE = 64 * 1024


class FirstVisit(httpx.BaseTransport):
    """Opens a connection for each request, and closes it after the answer; any thread may use it."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        connection = self._connection(request)
        try:
            with _faults(httpx.ConnectError):
                connection.connect()
            # An answer without a length takes it over.
            stream = _Stream(connection.sock)
            with _faults(httpx.ReadError):
                answer = _asked(connection, request)
        except BaseException:
            connection.close()
            raise
        return httpx.Response(
            answer.status,
            headers=[
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.getheaders()
            ],
            stream=_Body(connection, answer),
            extensions={"network_stream": stream},
        )

    def _connection(self, request: httpx.Request) -> HTTPConnection:
        url, timeout = request.url, request.extensions["timeout"]["connect"]
        host = url.raw_host.decode("ascii")
        if url.scheme == "https":
            return HTTPSConnection(host, url.port or 443, timeout=timeout, context=self._trust)
        return HTTPConnection(host, url.port or 80, timeout=timeout)


def _asked(connection: HTTPConnection, request: httpx.Request) -> HTTPResponse:
    target = request.url.raw_path.decode("ascii")
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers.raw:
        connection.putheader(name, value)
    connection.endheaders(request.read() or None)
    return connection.getresponse()


class _Body(httpx.SyncByteStream):
    def __init__(self, connection: HTTPConnection, answer: HTTPResponse) -> None:
        self._connection, self._answer = connection, answer

    @override
    def __iter__(self) -> Iterator[bytes]:
        with _faults(httpx.ReadError):
            while chunk := self._answer.read1(_AT_ONCE):
                yield chunk
        if self._answer.length:
            raise httpx.RemoteProtocolError("the answer ended before its announced length")

    @override
    def close(self) -> None:
        self._answer.close()
        self._connection.close()


class _Stream:
    """What httpx's own transport says of its connection, as far as anybody asks."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def get_extra_info(self, name: str) -> Any:
        return self._socket if name == "ssl_object" and isinstance(self._socket, ssl.SSLSocket) else None


@contextmanager
def _faults(broken: type[httpx.RequestError]) -> Iterator[None]:
    """Report faults as httpx does; *broken* is what it calls those of the network."""
    try:
        yield
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error)) from error
    except OSError as error:
        raise broken(str(error)) from error
    except HTTPException as error:
        raise httpx.RemoteProtocolError(str(error)) from error
