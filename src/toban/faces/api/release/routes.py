"""Releases by the API: what serves, what would be released, and the orders of the page and the command."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import reverse
from ninja import Query

from toban.chapters.release.deployments import Deployment
from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.ordering import asking, orders
from toban.chapters.release.ordering.aborting import abort as abort_release
from toban.chapters.release.ordering.asking import DeployAnswer, Question
from toban.chapters.release.ordering.orders import ReleaseOrder
from toban.chapters.release.ordering.planning import (
    Draft,
    Wish,
    deployment_named,
    draft,
    newest_served,
    open_release,
)
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.faces.api import cursors
from toban.faces.api.acting import giver_of, ordered
from toban.faces.api.edition import edition_in_force
from toban.faces.api.release.schemas import (
    ShownDraft,
    ShownEnvironment,
    ShownLock,
    ShownPermission,
    ShownRelease,
    WantedDraft,
    WantedLock,
    WantedPermission,
    WantedRelease,
    WantedRollback,
    WantedUnlock,
)
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import IdempotencyKey, Number, Part, Text, Turn, Why
from toban.faces.values.release import digest_of, draft_values, lock_values, release_values
from toban.message import Message

router = ScopedRouter()


@router.read("/releases", "read:releases", Part[ShownRelease])
def releases(
    request: HttpRequest,
    turn: Query[Turn],
    environment: Text = "",
    service: Text = "",
    state: Release.State | None = None,
    kind: Release.Kind | None = None,
) -> Any:
    """List releases, rollbacks and drills, newest first."""
    asked = {"environment": environment, "service": service, "state": state, "kind": kind}
    found = Release.objects.select_related("artifact", "former")
    return cursors.newest(
        request, turn, found.filter(**{name: value for name, value in asked.items() if value}), _values
    )


@router.read("/environments", "read:releases", Part[ShownEnvironment])
def environments(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List the environments that versions are brought to, in the order of the document's rows."""
    start = cursors.position(request, turn) or 0
    known = list(edition_in_force().plan(OPERATION).deployments.values())[start:]
    found = list(enumerate(known[: turn.limit + 1], start + 1))
    return cursors.part(request, turn, found, lambda each: _environment(each[1]), lambda each: each[0])


@router.act("/releases/preview", "act:releases", ShownDraft)
def preview(request: HttpRequest, wanted: WantedDraft) -> Any:
    """Show what would be released and what stands against it, and plan nothing."""
    del request
    return {**draft_values(made := _draft(wanted)), "shown": digest_of(made)}


@router.act("/releases", "act:releases", ShownRelease, status=201)
def plan(request: HttpRequest, wanted: WantedRelease, key: IdempotencyKey) -> Any:
    """Plan a release, and ask for its approval."""
    made = _draft_or_refusal(wanted)

    def act(order: ReleaseOrder, now: datetime) -> Mapping[str, object]:
        if isinstance(made, NotPossible):
            raise made
        if wanted.shown and wanted.shown != digest_of(made):
            raise NotPossible(Message("approvals.not-what-was-shown"), Message("release.look-again"))
        return _values(orders.order_release(made, order, now))

    return _ordered(request, key, act)


@router.act("/releases/ask", "act:releases", ShownPermission)
def ask(request: HttpRequest, wanted: WantedPermission, key: IdempotencyKey) -> Any:
    """Answer whether a workflow may deploy; its first question plans the release, and it asks again."""
    edition, now = edition_in_force(), system_clock()
    plan = edition.plan(OPERATION)
    question = Question(asking.place(plan, wanted.service, wanted.environment), wanted.commit, wanted.run)
    before = asking.answered_before(question)
    # Before the order is carried out, as in `plan`.
    made = before or asking.prepared(question, edition, plan, home=settings.HOME, now=now)
    if isinstance(made, DeployAnswer):
        return _answer_values(made)
    return _ordered(
        request, key, lambda order, now: _answer_values(asking.planned(question, made, order, now))
    )


@router.act("/releases/rollback", "act:releases", ShownRelease, status=201)
def rollback(request: HttpRequest, wanted: WantedRollback, key: IdempotencyKey) -> Any:
    """Go back to the version before: whoever holds the row's role decides by this, others ask."""

    def act(order: ReleaseOrder, now: datetime) -> Mapping[str, object]:
        there = deployment_named(order.plan, wanted.environment)
        made = orders.roll_back(
            there, wanted.reason, order, now, detected_at=wanted.detected_at, shown=wanted.undoes
        )
        return _values(made)

    return _ordered(request, key, act)


@router.act("/releases/lock", "act:releases", ShownLock)
def lock(request: HttpRequest, wanted: WantedLock, key: IdempotencyKey) -> Any:
    """Keep an environment as it is: releases wait, a rollback does not."""

    def act(order: ReleaseOrder, now: datetime) -> Mapping[str, object]:
        there = deployment_named(order.plan, wanted.environment)
        return lock_values(orders.lock(there, wanted.reason, order.by, now))

    return _ordered(request, key, act)


@router.act("/releases/unlock", "act:releases", ShownEnvironment)
def unlock(request: HttpRequest, wanted: WantedUnlock, key: IdempotencyKey) -> Any:
    """Take a person's lock away."""

    def act(order: ReleaseOrder, now: datetime) -> Mapping[str, object]:
        there = deployment_named(order.plan, wanted.environment)
        orders.unlock(there, order.by, now)
        return _environment(there)

    return _ordered(request, key, act)


@router.read("/releases/{release_id}", "read:releases", ShownRelease)
def release(request: HttpRequest, release_id: Number) -> Any:
    """Return one release by its number."""
    del request
    return _values(_found(release_id))


@router.act("/releases/{release_id}/abort", "act:releases", ShownRelease)
def abort(request: HttpRequest, release_id: Number, wanted: Why, key: IdempotencyKey) -> Any:
    """Call a release off; one that is under way is stopped."""
    _found(release_id)
    return _ordered(
        request, key, lambda order, now: _values(abort_release(release_id, wanted.reason, order, now))
    )


def _ordered(
    request: HttpRequest,
    key: str | None,
    act: Callable[[ReleaseOrder, datetime], Mapping[str, object]],
) -> Mapping[str, Any]:
    edition = edition_in_force()
    by = giver_of(request)
    order = ReleaseOrder(by, edition, edition.plan(OPERATION))
    return ordered(request, key, lambda _by, now: act(order, now))


def _draft(wanted: WantedDraft) -> Draft:
    edition, now = edition_in_force(), system_clock()
    at = now if wanted.now else wanted.at
    wish = Wish(wanted.environment, wanted.version, at, wanted.cause, wanted.despite)
    return draft(edition, edition.plan(OPERATION), wish, home=settings.HOME, now=now)


def _draft_or_refusal(wanted: WantedDraft) -> Draft | NotPossible:
    """Ask the source before the order is carried out: meanwhile nobody else could write.

    A refusal is kept for the order: a repeated request gets its first answer, even without the source.
    """
    try:
        return _draft(wanted)
    except NotPossible as refused:
        return refused


def _found(release_id: int) -> Release:
    found = Release.objects.select_related("artifact", "former").filter(pk=release_id).first()
    if found is None:
        raise Http404
    return found


def _values(found: Release) -> Mapping[str, object]:
    return {**release_values(found), "page": reverse("release", args=[found.pk])}


def _answer_values(found: DeployAnswer) -> Mapping[str, object]:
    release = found.release
    return {
        "answer": found.answer,
        "reason": found.reason.as_output(),
        "release": release.pk if release is not None else None,
        "planned_at": release.planned_at.isoformat() if release is not None else None,
        "page": reverse("release", args=[release.pk]) if release is not None else None,
    }


def _environment(there: Deployment) -> Mapping[str, object]:
    serving, coming, undone = newest_served(there), open_release(there), orders.to_undo(there)
    held = DeploymentLock.objects.filter(deployment=there.name).first()
    return {
        "deployment": there.name,
        "environment": there.rule.environment,
        "service": there.service.name,
        "serving": _values(serving) if serving is not None else None,
        "coming": _values(coming) if coming is not None else None,
        "lock": lock_values(held) if held is not None else None,
        "undoes": undone.pk if undone is not None else None,
    }
