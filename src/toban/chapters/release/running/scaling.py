"""The instances of a deployment, as others may have them grown: never while a release is on.

A release waits until an instance that is being added serves, or gives up: both hold the deployment. See
`toban.engine.instances.offered`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings

from toban.chapters.release.deployments import ReleaseChapterPlan
from toban.chapters.release.engine import DeployFailed, ScalesInstances
from toban.chapters.release.models import DeploymentLock
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.ordering.renames import Renames
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.instances.offered import InstanceCount, NotScaled
from toban.engine.runs.steps.hearing import PassedOn
from toban.engine.runs.work import RunTurn
from toban.message import NOTHING, Message

_LOOK = 1.0
"""Seconds between two looks whether a release has begun."""


def find(edition: Edition, name: str) -> "ScaledDeployment | None":
    """Return the instances of `[deployments.NAME]`; None if no row has it. Raises `NotScaled`."""
    plan: ReleaseChapterPlan = edition.plan(OPERATION)
    deployment = plan.deployments.get(name)
    if deployment is None:
        return None
    engine = deployment.opened(settings.HOME)
    if not isinstance(engine, ScalesInstances):
        raise NotScaled((Message("release.runs-no-instances", name=name), Message("release.scale-a-proxy")))
    return ScaledDeployment(name, engine, plan)


@dataclass(frozen=True, slots=True)
class ScaledDeployment:
    """See `ScaledInstances`."""

    name: str
    engine: ScalesInstances
    plan: ReleaseChapterPlan

    def size(self) -> InstanceCount:
        """See `ScaledInstances`."""
        with _failing():
            return self.engine.size()

    def require(self, to: int) -> None:
        """See `ScaledInstances`."""
        with _failing():
            self.engine.require(to)

    def resize(self, to: int, turn: RunTurn) -> None:
        """See `ScaledInstances`."""
        # A table that has got another name brings its instances along.
        Renames(settings.HOME).look(self.plan, system_clock())
        watch = _Watch(turn, self.name)
        if held := watch.held():
            raise NotScaled(held, retry=True)
        try:
            with _failing():
                self.engine.resize(to, watch)
        except NotScaled as failed:
            # The release goes first, and the order may be given again after it.
            raise NotScaled(failed.doubt, retry=failed.retry or bool(watch.held())) from failed


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except DeployFailed as failed:
        raise NotScaled(failed.doubt, retry=failed.retry) from failed


@dataclass
class _Watch(PassedOn[RunTurn]):
    """The turn of a run that must end once a release, or a person, holds the deployment."""

    deployment: str
    _looked: float = field(default=0.0, init=False)
    _held: Message = field(default=NOTHING, init=False)

    def why_stop(self) -> object | None:
        if (reason := self.turn.why_stop()) is not None:
            return reason
        if time.monotonic() - self._looked >= _LOOK:
            self._looked, self._held = time.monotonic(), self.held()
        return self._held or None

    def held(self) -> Message:
        """Say who holds the deployment; nothing if nobody does."""
        found = DeploymentLock.objects.filter(deployment=self.deployment).first()
        if found is None:
            return NOTHING
        if found.release_id is not None:
            return Message("release.scales-after-release", number=found.release_id)
        return Message("release.scales-after-lock", owner=found.owner, reason=found.reason)
