"""What a workflow elsewhere is answered when it asks whether it may deploy, until it may.

The run that asks is what tells one question from another: asked again, it is answered by the release that its
first question has planned.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import Release
from toban.chapters.release.ordering.orders import ReleaseOrder, order_release
from toban.chapters.release.ordering.planning import (
    Draft,
    Wish,
    behind,
    deployment_named,
    draft,
    open_release,
)
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.runs.models import Run
from toban.message import Message

_SWITCH = "switch"
"""The step of a release's run from which on it is deployed."""


class MayDeploy(StrEnum):
    """The answer."""

    YES = "yes"
    WAIT = "wait"
    """Not yet: it asks again."""
    NO = "no"
    """Never by this run."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a workflow asks: whether a commit may go there."""

    deployment: Deployment
    commit: str
    run: str
    """The address of the workflow's run."""


@dataclass(frozen=True, slots=True)
class DeployAnswer:
    """The answer, why it is so, and the release that it is about."""

    answer: MayDeploy
    reason: Message
    release: Release | None = None


def answered_before(question: Question) -> DeployAnswer | None:
    """Return the answer by the release that the same run has asked for; None if there is none."""
    found = Release.objects.filter(
        deployment=question.deployment.name,
        asked_from=question.run,
        artifact__commit=question.commit,
    )
    release = found.select_related("artifact").order_by("-pk").first()
    return answer_by(release) if release is not None else None


def place(plan: ReleaseChapterPlan, service: str, environment: str) -> Deployment:
    """Return where it is to go; raise `NotPossible` if nothing of that name is bound."""
    for each in plan.of(service):
        if environment in (each.rule.environment, each.name):
            return each
    found = deployment_named(plan, environment)
    said = Message("release-source.other-service", environment=environment, service=found.service.name)
    raise NotPossible(said)


def prepared(
    question: Question, edition: Edition, plan: ReleaseChapterPlan, *, home: Path, now: datetime
) -> Draft | DeployAnswer:
    """Return the release that is to be planned, or why there is none; asks the source, so without a lock."""
    if (other := open_release(question.deployment)) is not None:
        return _behind(other)
    wish = Wish(question.deployment.name, question.commit)
    try:
        made = draft(edition, plan, wish, home=home, now=now)
    except NotPossible as refused:
        return DeployAnswer(MayDeploy.NO, refused.said)
    if made.refusals:
        return DeployAnswer(MayDeploy.NO, made.refusals[0].said)
    return made


def planned(question: Question, made: Draft, order: ReleaseOrder, now: datetime) -> DeployAnswer:
    """Plan the release, and return how it stands. In the caller's transaction, which holds the ledger."""
    if (before := answered_before(question)) is not None:
        # Asked twice at once.
        return before
    if (other := open_release(question.deployment)) is not None:
        return _behind(other)
    release = order_release(made, order, now)
    release.asked_from = question.run
    release.save(update_fields=["asked_from"])
    return answer_by(release)


def answer_by(release: Release) -> DeployAnswer:
    """Return what the state of *release* answers."""
    match Release.State(release.state):
        case Release.State.PLANNED:
            reason = release.note or Message("release-source.waits-its-turn")
            return DeployAnswer(MayDeploy.WAIT, reason, release)
        case Release.State.RUNNING if not _is_let_through(release):
            return DeployAnswer(MayDeploy.WAIT, Message("release-source.is-prepared"), release)
        case Release.State.WATCHED | Release.State.DONE if (later := _follower(release)) is not None:
            # The address stays the same if somebody repeats the run, perhaps months later.
            return DeployAnswer(MayDeploy.NO, Message("release.was-followed", number=later.pk), release)
        case Release.State.RUNNING | Release.State.WATCHED | Release.State.DONE:
            return DeployAnswer(MayDeploy.YES, Message("release-source.may-deploy"), release)
        case _:
            reason = release.note or Message("release-source.is-over")
            return DeployAnswer(MayDeploy.NO, reason, release)


def _follower(release: Release) -> Release | None:
    """Return what has begun there since *release*: its approval was for what served before."""
    later = Release.objects.filter(deployment=release.deployment, began_at__gt=release.began_at)
    return later.exclude(kind=Release.Kind.DRILL).order_by("began_at").first()


def _is_let_through(release: Release) -> bool:
    """Return whether what comes before the deployment is done: the backup of what can't be undone."""
    return release.run is not None and Run.objects.filter(pk=release.run, step=_SWITCH).exists()


def _behind(other: Release) -> DeployAnswer:
    return DeployAnswer(MayDeploy.WAIT, behind(other).said)
