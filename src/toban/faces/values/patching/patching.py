"""Runs of patches as they are shown: the plan, and how far each host is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.patching.models import PatchedHost
from toban.chapters.patching.plan import PatchingPlan
from toban.chapters.patching.upgrade import HostPlan, PatchPlan
from toban.chapters.patching.works import plan_in, shown
from toban.engine.runs.models import FinishedStep, HostResult, Run
from toban.engine.runs.rules import HostState
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class HostLine:
    """One host of a run."""

    plan: HostPlan
    result: HostResult | None
    row: PatchedHost | None

    @property
    def state(self) -> HostState | None:
        """How far the run is there; None if it has not come so far."""
        return HostState(self.result.state) if self.result is not None else None

    @property
    def note(self) -> Message:
        """Why nothing is done there, or why it failed."""
        return self.plan.trouble or (self.result.note if self.result is not None else NOTHING)

    @property
    def passed(self) -> Sequence[tuple[str, datetime]]:
        """What was done there, and when, as far as it has come."""
        if self.row is None:
            return ()
        moments = {
            "began": self.row.began_at,
            "upgraded": self.row.upgraded_at,
            "restarted": self.row.restarted_at,
            "back": self.row.back_at,
            "healthy": self.row.healthy_at,
        }
        return [(name, at) for name, at in moments.items() if at is not None]


@dataclass(frozen=True, slots=True)
class PatchRun:
    """A run, its plan, and its hosts."""

    run: Run
    plan: PatchPlan
    hosts: Sequence[HostLine]


def runs_of(plan: PatchingPlan, most: int) -> Sequence[Run]:
    """Return the newest runs, whoever ordered them."""
    keys = [each.key for each in plan.orders]
    return list(Run.objects.filter(work__in=keys).order_by("-due_at", "-pk")[:most])


def patch_run(run: Run) -> PatchRun:
    """Return what is known of *run*."""
    made = plan_in(dict(FinishedStep.objects.filter(run=run).values_list("name", "result")))
    results = {each.name: each for each in HostResult.objects.filter(run=run)}
    rows = {each.host: each for each in PatchedHost.objects.filter(run=run.pk)}
    lines = [HostLine(each, results.get(each.host), rows.get(each.host)) for each in made.hosts]
    return PatchRun(run, made, lines)


def run_values(found: PatchRun) -> Mapping[str, object]:
    """Return *found* as JSON values."""
    run = found.run
    return {
        "run": run.pk,
        "work": run.work,
        "due_at": run.due_at.isoformat(),
        "state": run.state,
        "reason": run.reason,
        "note": run.note.as_output() if run.note else None,
        "digest": found.plan.digest if found.plan.hosts else None,
        "hosts": [host_values(each) for each in found.hosts],
    }


def host_values(each: HostLine) -> Mapping[str, object]:
    """Return *each* as JSON values."""
    return {
        **plan_values(each.plan),
        "state": each.state,
        "note": each.note.as_output() if each.note else None,
        **{f"{name}_at": at.isoformat() for name, at in each.passed},
    }


def plan_values(each: HostPlan) -> Mapping[str, object]:
    """Return what is to be done on a host as JSON values, and in words."""
    return {
        **each.as_json(),
        "trouble": each.trouble.as_output() if each.trouble else None,
        "text": str(shown(each)),
    }
