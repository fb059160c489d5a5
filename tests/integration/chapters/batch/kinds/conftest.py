"""A turn like a worker provides it, and the shop's database in a real PostgreSQL."""

import resource
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from toban.engine.runs.rules import HostState, RunReason
from toban.engine.trial import Doubt
from toban.message import NOTHING, Message


@dataclass
class HandTurn:
    """A `RunTurn` whose results are kept by the test."""

    due_at: datetime
    parameters: dict[str, str] = field(default_factory=dict)
    results: dict[str, object] = field(default_factory=dict)
    run_id: int = 1
    said: list[str] = field(default_factory=list)
    told: list[tuple[float | None, str]] = field(default_factory=list)
    stops: Callable[[], RunReason | None] = lambda: None

    def say(self, text: Message | str) -> None:
        self.said += str(text).splitlines()

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        self.told.append((percent, str(text)))

    def finished_hosts(self) -> Collection[str]:
        return ()

    def on_host(self, name: str, state: HostState, note: Message = NOTHING) -> None:
        """Ignore hosts."""

    def why_stop(self) -> RunReason | None:
        return self.stops()


def read(doubts: Iterable[Doubt]) -> list[tuple[str, str]]:
    """Return what each of *doubts* says, and its hint; empty if it has none."""
    pairs = (each if isinstance(each, tuple) else (each, NOTHING) for each in doubts)
    return [(str(said), str(hint)) for said, hint in pairs]


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Limit every file to *size* bytes, as if the disk was nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def books(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database; the variable BOOKS names it, too."""
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS books")
        admin.execute("CREATE DATABASE books")
    dsn = make_conninfo(postgres_dsn, dbname="books")
    monkeypatch.setenv("BOOKS", dsn)
    yield dsn
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute("DROP DATABASE books WITH (FORCE)")
