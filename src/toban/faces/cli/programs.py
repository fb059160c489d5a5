"""The processes that a running Toban consists of, as values."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toban.engine.supervision.program import Program


@dataclass(frozen=True, slots=True)
class Instance:
    """Where one running Toban is, what it runs, and on which ports."""

    home: Path
    design: Path
    bindings: Path
    host: str
    port: int
    public_url: str
    store_port: int
    store_secret: str
    more: Mapping[str, str] = field(default_factory=dict)
    """What the bindings refer to by `env:` beyond the operator's own environment."""

    @property
    def environment(self) -> dict[str, str]:
        """Return what every process of Toban is told; `toban.settings` reads it."""
        return {
            "TOBAN_HOME": str(self.home),
            "TOBAN_DESIGN": str(self.design),
            "TOBAN_BINDINGS": str(self.bindings),
            "TOBAN_PUBLIC_URL": self.public_url,
            "TOBAN_TELEMETRY_URL": f"http://toban:{self.store_secret}@127.0.0.1:{self.store_port}/toban",
            # What a process says must reach its log when it says it, not when a buffer is full.
            "PYTHONUNBUFFERED": "1",
            **self.more,
        }


def surroundings(instance: Instance) -> dict[str, str]:
    """Return the whole environment of a process of *instance*."""
    return {**os.environ, **instance.environment}


def toban(*arguments: str) -> tuple[str, ...]:
    """Return the command that runs `toban ARGUMENTS` with this very interpreter and installation."""
    return (sys.executable, "-m", "toban", *arguments)


def programs(instance: Instance) -> tuple[Program, ...]:
    """Return the telemetry store, the worker and the pages of *instance*."""
    here = instance.environment
    return (
        Program(
            name="store",
            command=toban(
                "store", "--data", str(instance.home / "telemetry"), "--port", str(instance.store_port)
            ),
            environment={"TOBAN_STORE_SECRET": instance.store_secret, "PYTHONUNBUFFERED": "1"},
            ready=f"http://127.0.0.1:{instance.store_port}/ping",
        ),
        Program(name="worker", command=toban("worker"), environment=here, after=("store",)),
        Program(
            name="serve",
            command=toban("serve", "--host", instance.host, "--port", str(instance.port)),
            environment=here,
            ready=f"http://{reachable(instance.host)}:{instance.port}/healthz",
            after=("store",),
        ),
    )


def reachable(host: str) -> str:
    """Return an address of *host* that this machine itself can reach: "all" is none to connect to."""
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
