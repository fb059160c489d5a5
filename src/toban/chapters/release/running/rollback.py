"""The way back of a deployment, as others may have it gone. See `toban.engine.instances.offered`."""

import time
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import Release
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.ordering.orders import roll_back_wanted, way_back
from toban.chapters.release.running.works import rollback_mode
from toban.engine.amounts import length
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.instances.offered import NotRolledBack, RollbackWish
from toban.engine.modes.rules import Mode
from toban.engine.orders import NotPossible
from toban.engine.runs.work import RunTurn
from toban.message import NOTHING, Message

_LOOK = 0.5
"""Seconds between two looks at how far the rollback is."""


def find(edition: Edition, name: str) -> "OfferedDeployment | None":
    """Return `[deployments.NAME]`; None if no row has it."""
    plan: ReleaseChapterPlan = edition.plan(OPERATION)
    deployment = plan.deployments.get(name)
    return None if deployment is None else OfferedDeployment(deployment, plan)


def watched(now: datetime) -> Message:
    """Say which release is watched, and would be taken back if anything failed; nothing if none is."""
    held = Release.objects.filter(
        state=Release.State.WATCHED, former__isnull=False, watched_until__gt=now
    ).select_related("artifact")
    found = held.order_by("-watched_until").first()
    if found is None or found.watched_until is None:
        return NOTHING
    return Message(
        "release.is-watched",
        version=found.artifact.label,
        name=found.deployment,
        left=length(found.watched_until - now),
    )


@dataclass(frozen=True, slots=True)
class OfferedDeployment:
    """See `ReleasedDeployment`."""

    deployment: Deployment
    plan: ReleaseChapterPlan

    def under_way(self) -> Message:
        """See `ReleasedDeployment`."""
        running = Release.objects.filter(deployment=self.deployment.name, state=Release.State.RUNNING)
        found = running.select_related("artifact").first()
        if found is None:
            return NOTHING
        return Message("release.is-under-way", number=found.pk, version=found.artifact.label)

    def way_back(self) -> Message:
        """See `ReleasedDeployment`."""
        target = way_back(self.deployment)
        if target is None:
            raise NotRolledBack(Message("release.nothing-to-go-back-to", name=self.deployment.name))
        return Message("release.would-go-back-to", name=self.deployment.name, version=target.label)

    def roll_back(self, wish: RollbackWish, turn: RunTurn) -> Message:
        """See `ReleasedDeployment`."""
        try:
            acts = rollback_mode(self.deployment, self.plan) is Mode.ACT
            now = system_clock()
            back = roll_back_wanted(self.deployment, self.plan, wish, turn.due_at, now, acts=acts)
        except NotPossible as refused:
            raise NotRolledBack(refused.said, hint=refused.hint) from refused
        while back.served_at is None and back.ended_at is None:
            code = "release.rollback-asks" if back.decided_at is None else "release.is-going-back"
            turn.progress(None, Message(code, number=back.pk))
            if turn.why_stop() is not None:
                raise NotRolledBack(Message("release.rollback-goes-on", number=back.pk), retry=True)
            time.sleep(_LOOK)
            back.refresh_from_db()
        if back.served_at is None:
            said = Message("release.did-not-go-back", number=back.pk, why=back.note)
            raise NotRolledBack(said, retry=True)
        return Message("release.serves-again", number=back.pk, version=back.artifact.label)
