"""A worker is killed at each step of a rollback, and of a drill: one version serves, and it is finished."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.release.engines.proxy.conftest import Environment, environment
from tests.integration.chapters.release.engines.proxy.customers import Customers
from tests.integration.chapters.release.killed import acting
from tests.integration.chapters.release.shop import STAGING

from toban.chapters.release.engine import DeploySite
from toban.chapters.release.engines.proxy.config import ProxyDeployment
from toban.chapters.release.engines.proxy.opening import open_engine
from toban.chapters.release.places import folder_of

__all__ = ["environment"]

pytestmark = pytest.mark.slow

_BINDINGS = """
[releases.shop]
kind = "test"

[deployments."{name}"]
kind = "proxy"
proxy = {{ {proxy} }}
ports = "{ports}"
start = ["python", "server.py", "{{port}}"]
health = {{ url = "http://{{instance}}/healthz", within = "10秒" }}
stop_within = "5秒"
drill = "毎月第1営業日 10:00"
"""


@dataclass
class Staging:
    """The environment, its state, and the minute that it is."""

    environment: Environment
    state: dict[str, str]
    minute: int = 0
    told: dict[str, Any] = field(default_factory=dict)

    def act(self, what: str, last: int = -1) -> bool:
        """Do it in another process, twenty minutes after the one before; return whether it was killed."""
        self.minute += 20
        command = [sys.executable, acting.__file__, self._site, what, str(self.minute), str(last)]
        done = subprocess.run(
            command, env=self.state, cwd=Path(__file__).parents[5],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode in (0, -signal.SIGKILL), done.stdout + done.stderr
        self.told = json.loads(done.stdout) if done.returncode == 0 else {}
        return done.returncode != 0

    @property
    def _site(self) -> str:
        written = self.environment.written
        proxy = ", ".join(f'{name} = "{value}"' for name, value in written["proxy"].items())
        binding = _BINDINGS.format(name=STAGING, proxy=proxy, ports=written["ports"])
        return json.dumps({"home": self.state["TOBAN_HOME"], "binding": binding})

    def serving(self) -> set[str]:
        """Return the digests that serve, by a look of a process that was not killed."""
        own = folder_of(Path(self.state["TOBAN_HOME"]), "deployments", STAGING)
        site = DeploySite(STAGING, STAGING, "shop", self.environment.folder, own)
        found = open_engine(ProxyDeployment.model_validate(self.environment.written), site).serving()
        assert len(found) == 2
        return set(found.values())


@pytest.fixture
def staging(environment: Environment, sqlite: dict[str, str]) -> Staging:
    return Staging(environment, sqlite | {"PYTHONPATH": str(Path(__file__).parents[5])})


STRIDE = 3
"""Steps from one kill to the next."""


def test_a_rollback_that_is_killed_anywhere_leaves_one_version_and_is_finished(staging: Staging) -> None:
    staging.act("v1")
    kills = 0
    with Customers(staging.environment.proxy.url, 2) as customers:
        while True:
            # What was rolled back is not gone back to: each time another version.
            version = f"v{kills % (acting.VERSIONS - 1) + 2}"
            staging.act(version)
            assert staging.told["serving"] == [version], staging.told
            was_killed = staging.act("rollback", STRIDE * kills)
            assert len(staging.serving()) == 1
            staging.act("work")

            assert staging.told["newest"] == ["rollback", "v1", "done"], staging.told
            assert (staging.told["serving"], staging.told["locks"]) == (["v1"], 0)
            assert staging.told["run"] == "done"
            if not was_killed:
                break
            kills += 1

    assert customers.failures == []
    assert kills * STRIDE >= 12


def test_a_drill_that_is_killed_anywhere_leaves_one_version_and_brings_back_what_served(
    staging: Staging,
) -> None:
    staging.act("v1")
    staging.act("v2")
    kills = 0
    with Customers(staging.environment.proxy.url, 2) as customers:
        while True:
            was_killed = staging.act("drill", STRIDE * kills)
            assert len(staging.serving()) == 1
            staging.act("work")

            assert staging.told["newest"] == ["drill", "v1", "done"], staging.told
            assert (staging.told["serving"], staging.told["locks"]) == (["v2"], 0)
            assert staging.told["drills"] == [True]
            if not was_killed:
                break
            kills += 1

    assert customers.failures == []
    assert kills * STRIDE >= 20
