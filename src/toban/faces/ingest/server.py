"""What the server gives to extensions that take something in, and what they bring to it."""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from starlette.routing import Route

from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.extension import Extension
from toban.engine.registry.ports import Ports
from toban.engine.runs.work import Work
from toban.engine.telemetry.logs.rows import LogStore
from toban.engine.telemetry.spans.rows import SpanStore
from toban.engine.telemetry.store import Telemetry
from toban.faces.ingest.senders import Senders


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The parts of the server that all endpoints share. What is a function may change, or be missing yet."""

    edition: Callable[[], Edition | None]
    works: Callable[[], Mapping[str, Work]]
    """Those of the edition in force; the same object for the same edition."""
    senders: Senders
    ports: Ports
    clock: Clock
    telemetry: Callable[[], Telemetry]
    logs: Callable[[], LogStore]
    """One for all: it writes together what comes at the same time."""
    spans: Callable[[], SpanStore]
    is_stopped: Callable[[], bool]
    """Whether every stream is to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What an extension takes in."""

    routes: Sequence[Route] = ()
    """The first segment of each belongs to the intake: no page can stand below it."""
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    """Run beside the server and cancelled when it stops."""


def intakes(extensions: Iterable[Extension], server: Server) -> Iterator[Intake]:
    """Yield what *extensions* take in; raise `TypeError` for a module that brings no `Intake`."""
    for module in (each.intake for each in extensions if each.intake):
        found = import_module(module).intake(server)
        if not isinstance(found, Intake):
            raise TypeError(f"{module}.intake returns no Intake")
        yield found
