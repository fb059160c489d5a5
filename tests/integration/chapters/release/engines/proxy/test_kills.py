"""A worker dies in the middle of a switch: one version serves everywhere, and the next worker finishes."""

import json
import signal
import subprocess
import sys

import pytest
from tests.integration.chapters.release.engines.proxy import killed_worker
from tests.integration.chapters.release.engines.proxy.conftest import Environment, behind_each
from tests.integration.chapters.release.engines.proxy.customers import Customers

from toban.chapters.release.engine import Artifact
from toban.chapters.release.engines.proxy.engine import QUIET


def killed_at(environment: Environment, version: Artifact, step: int) -> bool:
    """Switch in another process; return whether it was killed before its end."""
    binding = json.dumps(environment.written)
    site = json.dumps({"folder": str(environment.folder), "digest": version.digest})
    command = [sys.executable, killed_worker.__file__, binding, site, str(step)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode in {0, -signal.SIGKILL}, ended.stderr
    return ended.returncode != 0


@pytest.mark.slow
@pytest.mark.parametrize("stride", [23, 1])
@behind_each
def test_a_switch_that_is_killed_anywhere_leaves_one_version_and_is_finished_by_the_next(
    environment: Environment, stride: int
) -> None:
    engine = environment.engine()
    former = environment.version("v0")
    engine.switch(former, QUIET)
    kills = 0

    with Customers(environment.proxy.url, 2) as customers:
        while True:
            version = environment.version(f"v{kills + 1}")
            was_killed = killed_at(environment, version, stride * kills)
            between = engine.serving()
            engine.switch(version, QUIET)

            assert len(between) == 2
            assert set(between.values()) in ({former.digest}, {version.digest})
            assert set(engine.serving().values()) == {version.digest}
            if not was_killed:
                break
            former, kills = version, kills + 1

    assert customers.failures == []
    assert kills * stride > 10
    # Those that serve, and those of the version before, for the way back: none is lost.
    assert len(environment.running()) <= 2 + 2
