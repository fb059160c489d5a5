"""One environment behind each of the proxies."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.integration.chapters.release.engines.proxy import shop_versions
from tests.integration.chapters.release.engines.proxy.real_proxies import MAKE, RealProxy

from toban.chapters.release.engine import Artifact, DeploySite
from toban.chapters.release.engines.proxy.config import ProxyDeployment
from toban.chapters.release.engines.proxy.engine import QUIET, ProxyEngine, is_free
from toban.chapters.release.engines.proxy.opening import open_engine


@dataclass
class Environment:
    """A proxy, and what is released behind it."""

    folder: Path
    proxy: RealProxy
    ports: range

    def engine(self, **settings: Any) -> ProxyEngine:
        """Open the engine, as a new worker does."""
        return open_engine(ProxyDeployment.model_validate({**self.written, **settings}), self.site)

    @property
    def written(self) -> dict[str, Any]:
        """The settings, as they are written."""
        return {
            "proxy": self.proxy.binding,
            "ports": f"{self.ports[0]}-{self.ports[-1]}",
            "start": ("python", "server.py", "{port}"),
            "health": {"url": "http://{instance}/healthz", "within": "10秒"},
            "stop_within": "5秒",
        }

    @property
    def site(self) -> DeploySite:
        """Where the engine keeps what it needs."""
        return DeploySite("本番環境", "本番環境", "shop", self.folder, self.folder / "home")

    def version(self, label: str, condition: str = "") -> Artifact:
        """Make a version, and install it."""
        artifact = shop_versions.made(self.folder, label, condition)
        self.engine().install(artifact, QUIET)
        return artifact

    def running(self) -> list[psutil.Process]:
        """Return the instances that run, those included that the engine has lost."""
        return [each for each in psutil.process_iter() if _port(each) in self.ports]

    def end(self) -> None:
        """End what was started and still runs, whatever state the test has left."""
        running = self.running()
        for each in running:
            each.kill()
        psutil.wait_procs(running, timeout=5)


def _port(process: psutil.Process) -> int:
    """Return the port of an instance; 0 if it is none, or has ended."""
    try:
        command = process.cmdline()
    except psutil.Error:
        return 0
    return int(command[2]) if len(command) == 3 and command[1] == "server.py" else 0


behind_each = pytest.mark.parametrize("environment", ["caddy", "haproxy", "nginx"], indirect=True)
"""Runs a test behind each of the proxies."""
behind_each_slowly = pytest.mark.parametrize(
    "environment",
    ["nginx", *(pytest.param(name, marks=pytest.mark.slow) for name in ("caddy", "haproxy"))],
    indirect=True,
)
"""The same for tests that keep a machine busy for long: behind all but one of them in the long suite."""


def _free_range() -> range:
    """Return ten ports below those of outgoing connections; another run of the tests takes others."""
    while True:
        first = random.randrange(20_000, 32_000, 10)  # noqa: S311 - to be another one, not to be secret
        if all(map(is_free, range(first, first + 10))):
            return range(first, first + 10)


@pytest.fixture
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Environment]:
    """One environment in which nothing has been released yet; behind Caddy, or what the test names."""
    tmp_path.chmod(0o755)
    proxy = MAKE[getattr(request, "param", "caddy")](tmp_path)
    (tmp_path / "home").mkdir()
    proxy.start()
    found = Environment(tmp_path, proxy, _free_range())
    yield found
    proxy.stop()
    found.end()
