"""Calling a release off. Going back, once it is decided, is called off only by those who may decide on it."""

from datetime import datetime

from django.db import transaction

from toban.chapters.release.models import Release
from toban.chapters.release.ordering.orders import (
    BACK,
    ReleaseOrder,
    decides,
    end,
    require_operator,
    stop_run,
)
from toban.chapters.release.ordering.records import record
from toban.engine.evidence import ledger
from toban.engine.orders import NotPossible
from toban.message import Message, plain
from toban.text import storable_text


def abort(number: int, reason: str, order: ReleaseOrder, now: datetime) -> Release:
    """Call a release off: one that is under way is stopped, and what served before serves on.

    Raises `NotPossible` if it is over, or serves already, or *order* comes from one who may not.
    """
    by = order.by
    require_operator(by)
    if not reason.strip():
        raise NotPossible(Message("approvals.reason-missing"), Message("approvals.give-a-reason"))
    with transaction.atomic():
        ledger.hold()
        release = _locked(number)
        _require_open(release)
        _require_say(release, order, now)
        release.note = Message("release.aborted-by", by=by.name, why=storable_text(reason.strip()))
        if release.state == Release.State.RUNNING:
            stop_run(release, by.name, now)
            release.save(update_fields=["note"])
            record(release, "release-aborted", by.name, now, by.shell_user)
        else:
            end(release, Release.State.ABORTED, release.note, now, by=by.name, shell_user=by.shell_user)
    return release


def stopped_by(run: int) -> str:
    """Return the command that stops what the run with this id works for; empty if that is no release."""
    found = Release.objects.filter(run=run).exclude(kind=Release.Kind.DRILL).first()
    return f"toban release abort {found.pk}" if found is not None else ""


def _require_open(release: Release) -> None:
    hint = Message("release.roll-it-back", name=release.deployment)
    if release.state not in (Release.State.PLANNED, Release.State.RUNNING):
        raise NotPossible(Message("release.is-over", number=release.pk), hint)
    if release.served_at is not None and release.kind not in BACK:
        raise NotPossible(Message("release.serves-already", version=release.artifact.label), hint)


def _require_say(release: Release, order: ReleaseOrder, now: datetime) -> None:
    """Raise `NotPossible` if a holder's decision to go back would be undone by one who has no say in it.

    Where the environment is gone from the document, nobody holds its role, and anybody may clear it away.
    """
    deployment = order.plan.deployments.get(release.deployment)
    is_decided = release.kind == Release.Kind.ROLLBACK and release.decided_at is not None
    if deployment is None or not is_decided or decides(deployment, order, now):
        return
    said = Message("release.holders-call-off", number=release.pk, role=deployment.rule.approver)
    raise NotPossible(said, Message("release.ask-holders", role=deployment.rule.approver))


def _locked(number: int) -> Release:
    found = Release.objects.select_for_update(of=("self",)).filter(pk=number).first()
    if found is None:
        raise NotPossible(Message("release.no-such-release", number=number), plain("toban release status"))
    return found
