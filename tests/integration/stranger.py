"""A server that is not what a client takes it for."""

from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Stranger(ThreadingTCPServer):
    """A server on loopback that answers everything as the test says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.answer: Callable[[bytes], bytes] | None = None
        """None: no answer at all."""
        self.released = Event()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up early: some tests are about them."""


class Conversation(BaseRequestHandler):
    server: Stranger

    def handle(self) -> None:
        if self.server.answer is None:
            self.server.released.wait()
        else:
            self.request.sendall(self.server.answer(self.request.recv(65_536)))
