"""A worker that is killed at its n-th step. `killed_worker.py BINDING SITE N`

It switches to the version `digest` of SITE, or to as many instances as its `to` says.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toban.chapters.release.engine import Artifact, DeploySite
from toban.chapters.release.engines.proxy.balancers import caddy, haproxy, nginx
from toban.chapters.release.engines.proxy.config import ProxyDeployment
from toban.chapters.release.engines.proxy.engine import QUIET
from toban.chapters.release.engines.proxy.hosts import processes
from toban.chapters.release.engines.proxy.opening import open_engine
from toban.chapters.release.engines.proxy.records import Records

STEPS = (
    (processes.Processes, ("start", "stop")),
    (Records, ("add_instance", "remove_instance", "set_size")),
    (caddy.Caddy, ("_ask",)),
    (haproxy.Haproxy, ("_ask",)),
    (nginx, ("write_whole", "call")),
)


def main(binding: str, site: str, last: str) -> None:
    """Do it; each step counts when it begins, and when it has ended."""
    left = int(last)

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def count(*given: Any, **named: Any) -> Any:
            step_is_near()
            answer = step(*given, **named)
            step_is_near()
            return answer

        return count

    def step_is_near() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for owner, names in STEPS:
        for name in names:
            setattr(owner, name, counted(getattr(owner, name)))
    known = json.loads(site)
    folder = Path(known["folder"])
    engine = open_engine(
        ProxyDeployment.model_validate_json(binding),
        DeploySite("本番環境", "本番環境", "shop", folder, folder / "home"),
    )
    if "to" in known:
        engine.resize(known["to"], QUIET)
        return
    engine.switch(Artifact("shop", known["digest"], "", "", None), QUIET)


if __name__ == "__main__":
    main(*sys.argv[1:])
