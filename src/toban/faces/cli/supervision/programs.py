"""The processes that a running Toban consists of, as values."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toban.engine.supervision.program import Program
from toban.message import Message

EACH = {
    # Output must reach the log at once, not when a buffer is full.
    "PYTHONUNBUFFERED": "1",
    # glibc gives each of the many threads a heap of its own, and what is freed there serves no other.
    "MALLOC_ARENA_MAX": "2",
}
"""The environment of every process, whatever it is for."""


@dataclass(frozen=True, slots=True)
class OwnStore:
    """The telemetry store that this Toban runs itself."""

    port: int
    secret: str

    @property
    def url(self) -> str:
        """The address for `TOBAN_TELEMETRY_URL`, with the secret in it."""
        return f"http://toban:{self.secret}@127.0.0.1:{self.port}/toban"


@dataclass(frozen=True, slots=True)
class Instance:
    """Where one running Toban is, what it runs, and on which ports."""

    home: Path
    design: Path
    bindings: Path
    host: str
    port: int
    public_url: str
    store: OwnStore | str
    """The store to run, or the URL of a ClickHouse that somebody else runs."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Variables that the bindings refer to by `env:`, beyond the operator's own environment."""
    judged: tuple[str, ...] = ()
    """The programs that are started with it and that its document judges."""

    @property
    def metrics(self) -> Path:
        """The folder in which the processes' counters are collected."""
        return self.home / "metrics"

    @property
    def telemetry_url(self) -> str:
        """The URL of the telemetry store, with its secret."""
        return self.store if isinstance(self.store, str) else self.store.url

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process of Toban; `toban.settings` reads it."""
        return {
            "TOBAN_HOME": str(self.home),
            "TOBAN_DESIGN": str(self.design),
            "TOBAN_BINDINGS": str(self.bindings),
            "TOBAN_PUBLIC_URL": self.public_url,
            "TOBAN_TELEMETRY_URL": self.telemetry_url,
            # Counters of all processes are collected there; see faces/ingest/metrics.py.
            "PROMETHEUS_MULTIPROC_DIR": str(self.metrics),
            **EACH,
            **self.more,
        }


def surroundings(instance: Instance) -> dict[str, str]:
    """Return the whole environment of a process of *instance*."""
    return {**os.environ, **instance.environment}


def toban(*arguments: str) -> tuple[str, ...]:
    """Return the command that runs `toban ARGUMENTS` with this very interpreter and installation."""
    return (sys.executable, "-m", "toban", *arguments)


def programs(instance: Instance) -> tuple[Program, ...]:
    """Return the telemetry store (unless there is one elsewhere), the worker and the pages of *instance*."""
    stores = () if isinstance(instance.store, str) else (_store(instance.store, instance.home / "telemetry"),)
    after = tuple(store.name for store in stores)
    return (
        *stores,
        Program(
            name="worker",
            command=toban("worker"),
            environment=instance.environment,
            after=after,
            judges=instance.judged,
        ),
        Program(
            name="serve",
            command=toban("serve", "--host", instance.host, "--port", str(instance.port)),
            environment=instance.environment,
            ready=f"http://{reachable(instance.host)}:{instance.port}/healthz",
            after=after,
            announces=Message("supervision.page-is-at", url=instance.public_url),
        ),
    )


def _store(store: OwnStore, files: Path) -> Program:
    return Program(
        name="store",
        command=toban("store", "--data", str(files), "--port", str(store.port)),
        environment={"TOBAN_STORE_SECRET": store.secret, **EACH},
        ready=f"http://127.0.0.1:{store.port}/ping",
    )


def reachable(host: str) -> str:
    """Return an address of *host* that this machine can connect to: "all addresses" is not one."""
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
