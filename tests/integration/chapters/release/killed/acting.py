"""A process that does one act of chapter 5 and is killed at its n-th step. `acting.py SITE ACT MINUTE N`

It works on a state database of its own and behind a real proxy; the clock is MINUTE minutes after noon. A
step counts when it begins, and when it has ended. At the end it writes what it knows as JSON.
"""

# Django needs its settings before any of its modules is loaded.

import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, override

import django

django.setup()

from tests.integration.chapters.release import shop as shops  # noqa: E402
from tests.integration.chapters.release.engines.proxy import shop_versions  # noqa: E402
from tests.integration.chapters.release.shop import DOCUMENT, NOON, STAGING, VIA, Shop, Source  # noqa: E402
from tests.registered import PARTS, schema  # noqa: E402

from toban.chapters.release.bindings import ReleaseBinding  # noqa: E402
from toban.chapters.release.drills import record, rehearsal  # noqa: E402
from toban.chapters.release.engine import ENGINE_KINDS  # noqa: E402
from toban.chapters.release.engines.proxy.balancers import caddy  # noqa: E402
from toban.chapters.release.engines.proxy.config import ProxyDeployment  # noqa: E402
from toban.chapters.release.engines.proxy.hosts import processes  # noqa: E402
from toban.chapters.release.engines.proxy.records import Records  # noqa: E402
from toban.chapters.release.models import DeploymentLock, Release, RollbackDrill  # noqa: E402
from toban.chapters.release.operation import OPERATION  # noqa: E402
from toban.chapters.release.ordering import orders  # noqa: E402
from toban.chapters.release.ordering.orders import ReleaseOrder  # noqa: E402
from toban.chapters.release.ordering.planning import Wish, draft  # noqa: E402
from toban.chapters.release.running import underway, works  # noqa: E402
from toban.chapters.release.source import SourceKind  # noqa: E402
from toban.design.reader import read_design  # noqa: E402
from toban.engine.approvals.answers import Giver  # noqa: E402
from toban.engine.bindings.load import read_bindings  # noqa: E402
from toban.engine.editions.edition import Edition  # noqa: E402
from toban.engine.registry.kinds import Kinds  # noqa: E402
from toban.engine.runs import orders as runs  # noqa: E402
from toban.engine.runs.claiming.claim import Claim  # noqa: E402
from toban.engine.runs.models import Run  # noqa: E402
from toban.engine.runs.scheduler import plan_due  # noqa: E402

VERSIONS = 9
_DOCUMENT = re.sub(r"### リリーススケジュール\n(\|.*\n)+", "", DOCUMENT)
"""Releases on any day."""
STEPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (processes.Processes, ("start", "stop")),
    (Records, ("add_instance", "remove_instance")),
    (caddy.Caddy, ("_ask",)),
    (works, ("take_lock", "end", "_is_active")),
    (record, ("end",)),
    (rehearsal, ("keep",)),
    (shops, ("succeed_all",)),
)
_here = threading.local()


class _Servers(Source):
    """Versions of a small server. See `ReleaseSource`."""

    @override
    def export(self, commit: str, into: Path) -> None:
        (into / "server.py").write_text(shop_versions.program(self.label(commit)))


class Acting(Shop):
    """The shop behind a real proxy; its staging alone is bound."""

    def __init__(self, home: Path, binding: str) -> None:
        super().__init__(home, binding, _DOCUMENT)
        self.source: _Servers = _Servers()
        for number in range(1, VERSIONS + 1):
            self.source.add(f"v{number}")
        self.watch = underway.Watch()
        self.giver_of_orders = ReleaseOrder(Giver(None, VIA.SHELL, "root"), self.edition, self.plan)

    @override
    def take(self, bindings: str = "", document: str = "") -> None:
        models: Any = {"releases": {"test": ReleaseBinding}, "deployments": {"proxy": ProxyDeployment}}
        kinds = Kinds.given(
            releases={"test": SourceKind(ReleaseBinding, lambda _config, _folder: self.source)},
            deployments={"proxy": PARTS.kinds.of(ENGINE_KINDS)["proxy"]},
        )
        read = read_bindings(bindings, self.home / "toban.toml", schema(**models))
        self.edition = Edition(read_design(document, "運用設計書.md"), read, kinds)
        self.plan = self.edition.plan(OPERATION)
        clock = lambda: self.now  # noqa: E731
        self.works = {**works.works(self.plan, clock), **rehearsal.works(self.plan, clock), **self.plan.tasks}
        plan_due(self.works.values(), self.now)

    @override
    def perform(self, held: Claim) -> None:
        _here.is_working = True
        super().perform(held)
        _here.is_working = False

    def act(self, what: str) -> None:
        """Order *what*, and do it."""
        there = self.plan.deployments[STAGING]
        if what.startswith("v"):
            made = draft(self.edition, self.plan, Wish(STAGING, what, self.now), home=self.home, now=self.now)
            orders.order_release(made, self.giver_of_orders, self.now)
        elif what == "rollback":
            orders.roll_back(there, "遅い", self.giver_of_orders, self.now)
        elif what == "drill":
            runs.order(there.drill_key, {}, by="root", now=self.now)
        self.work()

    def told(self) -> dict[str, Any]:
        """Return what it knows at the end."""
        newest = Release.objects.select_related("artifact").latest("pk")
        serving = self.plan.deployments[STAGING].opened(self.home).serving()
        known = dict(Release.objects.values_list("artifact__digest", "artifact__label"))
        return {
            "serving": sorted({known.get(digest, digest) for digest in serving.values()}),
            "newest": [newest.kind, newest.artifact.label, newest.state],
            "note": str(newest.note),
            "locks": DeploymentLock.objects.count(),
            "run": Run.objects.filter(pk=newest.run or 0).values_list("state", flat=True).first(),
            "drills": list(RollbackDrill.objects.order_by("-pk").values_list("is_passed", flat=True)[:1]),
        }


def counted(last: int) -> None:
    """Have this process killed when it comes to the step of that number; never if it is negative."""
    left = last

    def near() -> None:
        nonlocal left
        if last < 0 or not getattr(_here, "is_working", False):
            return
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counting(step: Callable[..., Any]) -> Callable[..., Any]:
        def count(*given: Any, **named: Any) -> Any:
            near()
            answer = step(*given, **named)
            near()
            return answer

        return count

    for owner, names in STEPS:
        for name in names:
            setattr(owner, name, counting(getattr(owner, name)))


def main(site: str, act: str, minute: str, last: str) -> None:
    known = json.loads(site)
    acting = Acting(Path(known["home"]), known["binding"])
    acting.now = NOON + timedelta(minutes=int(minute))
    counted(int(last))
    acting.act(act)
    sys.stdout.write(json.dumps(acting.told(), ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
