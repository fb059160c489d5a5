"""A run of patches as the ledger holds it, without any host: for pages and commands."""

from datetime import timedelta
from pathlib import Path

from tests.integration.chapters.patching.place import HOUR, TERMS, TUESDAY, Place

from toban.chapters.patching.models import PatchedHost
from toban.chapters.patching.upgrade import HostPlan, PatchPlan, Stage, Upgrade
from toban.engine.runs.models import FinishedStep, HostResult, Run
from toban.engine.runs.rules import HostState, RunReason
from toban.message import plain

BINDINGS = """
[patching.web]
kind = "apt"
hosts = ["web-1", "web-2", "web-3"]
user = "toban"
key = "env:NONE"
known_hosts = "known_hosts"
keep = ["nginx*"]
"""
PLAN = PatchPlan(
    (
        HostPlan(
            "web-1",
            "web",
            Stage.PRODUCTION,
            (Upgrade("curl", "1.0", "1.1"), Upgrade("lib<b>", "", "2.0")),
            stays=("nginx 1.0 → 1.1",),
            closes=("CVE-2026-1",),
            restarts=("cron.service",),
            needs_reboot=True,
        ),
        HostPlan("web-2", "web", Stage.PRODUCTION, (Upgrade("curl", "1.0", "1.1"),)),
        HostPlan("web-3", "web", Stage.PRODUCTION, trouble=plain("no way there")),
    )
)


def place(folder: Path) -> Place:
    return Place(folder, BINDINGS + TERMS)


def told(here: Place) -> Run:
    """Put a run into the ledger that has failed on its second host."""
    (key,) = here.works
    run = Run.objects.create(
        work=key,
        due_at=TUESDAY,
        clause_id=here.works[key].clause_id,
        document_digest="",
        ordered_by="schedule",
        state=Run.State.FAILED,
        reason=RunReason.FAILED,
        note=plain("web-2: it does not answer"),
        wake_at=TUESDAY,
        ended_at=TUESDAY + HOUR,
    )
    written = {"hosts": [each.as_json() for each in PLAN.hosts], "digest": PLAN.digest}
    FinishedStep.objects.create(
        run=run, name="plan", fence=1, began_at=TUESDAY, ended_at=TUESDAY, result=written
    )
    HostResult.objects.create(run=run, name="web-1", state=HostState.DONE)
    HostResult.objects.create(run=run, name="web-2", state=HostState.FAILED, note=plain("it does not answer"))
    for each in PLAN.hosts[:2]:
        PatchedHost.objects.create(
            run=run.pk,
            host=each.host,
            group="web",
            stage="production",
            plan=each.as_json(),
            began_at=TUESDAY,
            upgraded_at=TUESDAY + timedelta(minutes=2),
            healthy_at=TUESDAY + timedelta(minutes=3) if each.host == "web-1" else None,
        )
    return run
