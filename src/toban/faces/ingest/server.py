"""What the server gives to extensions that receive data, and what they bring to it."""

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
class IngestServer:
    """The parts of the server that endpoints share. A part that is a function may change or be missing."""

    edition: Callable[[], Edition | None]
    works: Callable[[], Mapping[str, Work]]
    """The works of the edition in force; the same object for the same edition."""
    senders: Senders
    ports: Ports
    clock: Clock
    telemetry: Callable[[], Telemetry]
    logs: Callable[[], LogStore]
    """One for all: writes that arrive at the same time are grouped."""
    spans: Callable[[], SpanStore]
    is_stopped: Callable[[], bool]
    """Whether every stream is to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """How an extension receives data."""

    routes: Sequence[Route] = ()
    """The first segment of each belongs to the intake: no page can be below it."""
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    """Run next to the server, and cancelled when it stops."""


def intakes(extensions: Iterable[Extension], server: IngestServer) -> Iterator[Intake]:
    """Yield the intakes of *extensions*; raise `TypeError` for a module that brings none."""
    for module in (each.intake for each in extensions if each.intake):
        found = import_module(module).intake(server)
        if not isinstance(found, Intake):
            raise TypeError(f"{module}.intake returns no Intake")
        yield found
