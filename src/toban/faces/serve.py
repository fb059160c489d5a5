"""`toban serve`: the process that shows the living document and receives data, both in one server."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, override

import click
import uvicorn
from django.conf import settings

from toban.engine.clock import system_clock
from toban.engine.editions import present
from toban.engine.editions.inforce import EditionInForce
from toban.engine.editions.review import RecordedReview
from toban.engine.editions.shared import StateDatabase
from toban.engine.editions.shown import ShownEditions
from toban.engine.nodes.beating import NodeBeat
from toban.engine.operation import rows_of, running_works, works_of
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.engine.runs.work import Work
from toban.engine.state import tables
from toban.engine.supervision.home import in_force_folder
from toban.engine.timekeeping.timekeeper import Timekeeper, clock_of_database
from toban.faces.ingest.app import application
from toban.faces.ingest.connections import BoundedConnection, allow_many
from toban.faces.ingest.hub import Hub
from toban.faces.terminal import refuse, speak_utf8
from toban.faces.web import assets
from toban.message import Message

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from toban.engine.editions.edition import Edition

_UNUSABLE = 2
_THIS_HOST = "127.0.0.1,::1"
_PATIENCE = 2
"""Seconds that requests in progress get to finish after SIGTERM; streams end at once."""
_TURN = 0.001
"""Seconds that a thread may compute while others wait.

A ping takes some ten turns, each behind the two threads that read bodies: of Python's 5 ms, that is 100 ms.
"""


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8300, show_default=True)
@click.pass_obj
def command(parts: Parts, host: str, port: int) -> None:
    """Serve the document that TOBAN_DESIGN names until SIGTERM; `toban up` starts this.

    Changed files are read again. A version that can't be read is refused, and the last one stays in force.

    \b
    Exit status:
      0  stopped as asked
      2  there is no secret key in TOBAN_HOME, or a newer Toban has made the state
    """
    speak_utf8()
    _require_secret_key()
    _require_known_state()
    sys.setswitchinterval(_TURN)
    allow_many()
    # The worker keeps the edition in force there: a server that starts while a version waits shows that one.
    review = RecordedReview(
        partial(rows_of, operations=parts.operations),
        partial(running_works, operations=parts.operations),
        system_clock,
    )
    kept = in_force_folder(settings.HOME)
    in_force = parts.in_force(kept, review=review, shared=StateDatabase(kept), proposes=False)
    timekeeper = Timekeeper(settings.HOME, system_clock, clock_of_database())
    shown = ShownEditions(in_force)
    node = NodeBeat("serve", in_force, timekeeper)

    def refresh() -> tuple[str, str]:
        timekeeper.compare()
        in_force.refresh()
        shown.look()
        node.beat()
        edition, refusal = shown.edition, shown.refusal
        return edition.reading if edition else "", refusal.digest if refusal else ""

    present.use(shown)
    hub = Hub(refresh, clock=timekeeper.now)
    served = application(parts, hub, _Works(parts, in_force), assets.DIRECTORIES)
    _WebServer(_config(served, host, port), before_exit=hub.stop, at_end=node.leave).run()


def _config(served: "ASGIApp", host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        served,
        host=host,
        port=port,
        http=BoundedConnection,
        log_level="warning",
        access_log=False,
        # There are no WebSockets here, and Django would raise for each that a stranger tries.
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_PATIENCE,
        proxy_headers=True,
        forwarded_allow_ips=trusted_proxies(),
    )


def trusted_proxies() -> str:
    """Return the peers that may say where a request comes from: those that the operator names.

    A proxy on this host is expected with https only. Otherwise whoever has an account here, or a tunnel that
    ends here, could choose the address that failures are counted at and the evidence names.
    """
    return os.environ.get("FORWARDED_ALLOW_IPS", _THIS_HOST if settings.IS_HTTPS else "")


class _Works:
    """The works of the edition in force; the same object for the same edition."""

    def __init__(self, parts: Parts, in_force: EditionInForce) -> None:
        self._operations = parts.operations
        self._in_force = in_force
        self._edition: Edition | None = None
        self._works: Mapping[str, Work] = {}

    def __call__(self) -> Mapping[str, Work]:
        edition = self._in_force.edition
        if edition is not None and edition is not self._edition:
            self._works = works_of(edition, self._operations)
            self._edition = edition
        return self._works


class _WebServer(uvicorn.Server):
    """Ends the live streams when told to stop: otherwise they would wait for news forever."""

    def __init__(
        self, config: uvicorn.Config, *, before_exit: Callable[[], None], at_end: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._before_exit, self._at_end = before_exit, at_end

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._before_exit()
        super().handle_exit(sig, frame)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # Here and not after `run`, which ends the process by the signal itself.
        await asyncio.to_thread(self._at_end)


def _require_secret_key() -> None:
    """Refuse to serve with the key in the source, which everybody may read."""
    if not settings.HAS_SECRET_KEY:
        refuse(Message("cli.no-secret-key", path=settings.HOME / "secret-key"), Message("cli.start-by-up"))
        raise SystemExit(_UNUSABLE)


def _require_known_state() -> None:
    try:
        tables.require_known_if_readable()
    except NotPossible as refused:
        refuse(refused.said, refused.hint)
        raise SystemExit(_UNUSABLE) from refused
