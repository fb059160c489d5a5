"""What people and triggers order: a release, its end, the way back. One transaction each, audited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import DeploymentLock, Release, ServingLook, StoredArtifact
from toban.chapters.release.ordering.meanwhile import irreversible_since, why_outdated
from toban.chapters.release.ordering.planning import (
    Draft,
    behind,
    freezes_at,
    newest_served,
    open_release,
    require_serving,
)
from toban.chapters.release.ordering.records import record, stored_facts
from toban.chapters.release.ordering.rules import PastRelease, is_whole, migrations_in, target_of
from toban.chapters.release.ordering.writers import authors_of, facts_about
from toban.chapters.release.running.artifacts import described
from toban.chapters.release.source import Commit, ReleaseSource
from toban.engine.approvals.answers import Giver, from_shell
from toban.engine.approvals.holders import holders_of
from toban.engine.approvals.identity import is_self_made
from toban.engine.approvals.requests import supersede
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.instances.offered import RollbackWish
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.runs import orders as runs
from toban.engine.runs.claiming.bell import call_workers
from toban.engine.runs.models import Run
from toban.message import NOTHING, Message
from toban.text import storable_text

WATCH = "watch"
"""Who orders a rollback if a watched version turns out bad."""
TRIGGER = "trigger"
OVERTAKEN = "release.overtaken"
"""Why an automatic release was called off before it began: a newer one has been ordered."""
TOBAN = "toban"
"""Who ends a release if no person does."""
BACK = (Release.Kind.ROLLBACK, Release.Kind.DRILL)
"""The kinds that bring back a former version."""
LONGEST_WAIT = timedelta(days=366)
_COUNTED = 1000
"""Commits of one release whose times are kept."""
_HISTORY = 100
"""Releases that are looked through for one to go back to."""


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """Who orders, under which edition."""

    by: Giver
    edition: Edition
    plan: ReleaseChapterPlan


def subject_name(release: Release) -> str:
    """Return the name under which its approval is asked for."""
    return f"release/{release.pk}"


def order_release(draft: Draft, order: ReleaseOrder, now: datetime) -> Release:
    """Plan the release of *draft*; raise `NotPossible` if something stands against it, or has changed."""
    require_operator(order.by)
    if draft.refusals:
        raise draft.refusals[0]
    is_bold = bool(draft.lost) or not draft.is_reversible
    if order.by.account is None and (draft.deployment.rule.approver or is_bold):
        # Who approves must be somebody else: it must be known who orders.
        raise NotPossible(Message("release.orderer-unknown"), Message("runs.order-as-account"))
    if draft.planned_at - now > LONGEST_WAIT:
        raise NotPossible(Message("release.too-far-ahead"))
    with transaction.atomic():
        ledger.hold()
        if (other := open_release(draft.deployment)) is not None:
            raise behind(other)
        require_serving(draft.deployment, draft.former)
        draft.artifact.save()
        release = _new(draft.deployment, draft.kind, draft.artifact, order.plan, now)
        release.former = draft.former
        release.cause = storable_text(draft.cause.strip())[:500]
        release.is_reversible, release.loses_migrations = draft.is_reversible, bool(draft.lost)
        release.schedule_clause_id = draft.schedule.id if draft.schedule is not None else ""
        release.commits = _times(draft.commits)
        release.facts = stored_facts(draft.facts)
        release.planned_at = draft.planned_at
        release.ordered_by = order.by.name[:150]
        authors = authors_of(draft.commits, order.plan)
        release.is_writer_unknown = not is_whole(draft.commits, former=draft.former)
        release.orderers = list(dict.fromkeys((*order.by.orderers, *authors)))
        release.save()
        record(release, "release-planned", order.by.name, now, order.by.shell_user)
        call_workers()
    return release


def order_automatic(
    plan: ReleaseChapterPlan,
    deployment: Deployment,
    source: ReleaseSource,
    commit: str,
    branch: str,
    now: datetime,
) -> Release | None:
    """Release *commit*, as a trigger of the document orders; None if it was released so before.

    Raise `NotPossible` in a freeze, or if another version has come to serve: it is ordered at a later look.
    """
    former = newest_served(deployment)
    commits = source.commits(former.artifact.commit if former is not None else "", commit)
    artifact = described(source, deployment.service.name, commit, now)
    if (why := next(freezes_at(deployment, plan, now), None)) is not None:
        raise NotPossible(why.said)
    with transaction.atomic():
        ledger.hold()
        require_serving(deployment, former.artifact if former is not None else None)
        if artifact.pk is None:
            artifact.save()
        release = _new(deployment, Release.Kind.AUTOMATIC, artifact, plan, now)
        release.former = former.artifact if former is not None else None
        release.is_reversible = not migrations_in(commits, deployment.service.config)
        release.commits, release.facts = _times(commits), stored_facts(facts_about(commits, plan))
        release.trigger, release.ordered_by = branch[:300], TRIGGER
        release.orderers = list(authors_of(commits, plan))
        release.is_writer_unknown = not is_whole(commits, former=release.former)
        try:
            with transaction.atomic():
                release.save()
        except IntegrityError:
            return None
        record(release, "release-planned", TRIGGER, now)
        _overtake(release, now)
        call_workers()
    return release


def _overtake(newer: Release, now: datetime) -> None:
    """Call off what a trigger has ordered before and has not begun: it would come after *newer*."""
    older = Release.objects.filter(
        deployment=newer.deployment, kind=Release.Kind.AUTOMATIC, state=Release.State.PLANNED
    )
    for each in older.exclude(pk=newer.pk).select_related("artifact", "former"):
        end(each, Release.State.ABORTED, Message(OVERTAKEN, number=newer.pk), now)


def roll_back(
    deployment: Deployment,
    cause: str,
    order: ReleaseOrder,
    now: datetime,
    *,
    detected_at: datetime | None = None,
    shown: int | None = None,
) -> Release:
    """Go back to the version before, and stop a release that is under way.

    *shown*: the number of what they were shown that it undoes; without it, whatever that is by now.

    Whoever holds the row's role decides by this; anybody else who may order asks for its approval. Over a
    migration that can't be undone nobody decides alone: another person approves it.
    """
    require_operator(order.by)
    if not cause.strip():
        raise NotPossible(Message("approvals.reason-missing"), Message("approvals.give-a-reason"))
    with transaction.atomic():
        now = ledger.turn(now)
        release = _back(deployment, order.plan, now)
        if shown not in (None, release.undoes_id):
            # Two who go back at the same time: the second would go back once more.
            said = Message("release.serves-another-now", name=deployment.name)
            raise NotPossible(said, Message("release.look-again"))
        if order.by.account is None and not release.is_reversible:
            raise NotPossible(Message("release.orderer-unknown"), Message("runs.order-as-account"))
        release.cause, release.ordered_by = storable_text(cause.strip())[:500], order.by.name[:150]
        release.orderers = list(order.by.orderers)
        # Noticed now at the latest: otherwise it would be over sooner than it was ordered.
        release.detected_at = min(detected_at or now, now)
        if release.is_reversible and decides(deployment, order, now):
            release.decided_at = now
        release.save()
        record(release, "rollback-ordered", order.by.name, now, order.by.shell_user)
        if release.decided_at is not None:
            make_way(release, order.by.name, now)
        call_workers()
    return release


def roll_back_watched(
    release: Release,
    deployment: Deployment,
    plan: ReleaseChapterPlan,
    why: Message,
    detected_at: datetime,
    now: datetime,
    *,
    acts: bool,
) -> Release | None:
    """Go back from *release*, which turned out bad while it was watched: once. In the caller's transaction.

    What can't be undone is asked, and everything unless it *acts*: the former version may not know the new
    schema. None if nothing new is ordered; if there is nothing to go back to, the release's note says so.
    """
    asked = release.undone_by.filter(state=Release.State.PLANNED, decided_at=None).first()
    if asked is not None and acts and asked.is_reversible and not why_outdated(asked):
        asked.decided_at = now
        asked.save(update_fields=["decided_at"])
        supersede(subject_name(asked), now)
        record(asked, "rollback-ordered", WATCH, now)
        make_way(asked, WATCH, now)
        return None
    # A request of people that was refused or forgotten does not keep the watch from going back.
    tried = Q(ordered_by=WATCH) | Q(state=Release.State.PLANNED) | Q(began_at__isnull=False)
    if release.undone_by.filter(tried).exists():
        return None
    try:
        back = _back(deployment, plan, now)
    except NotPossible as refused:
        release.note = refused.said
        release.save(update_fields=["note"])
        return None
    if back.undoes_id != release.pk:
        # A newer version is on its way, or serves: it may be the remedy.
        return None
    back.ordered_by, back.note = WATCH, why
    back.cause = storable_text(str(why))[:500]
    back.detected_at, back.decided_at = detected_at, now if acts and back.is_reversible else None
    back.save()
    record(back, "rollback-ordered", WATCH, now)
    if back.decided_at is not None:
        make_way(back, WATCH, now)
    call_workers()
    return back


def roll_back_wanted(
    deployment: Deployment,
    plan: ReleaseChapterPlan,
    wish: RollbackWish,
    since: datetime,
    now: datetime,
    *,
    acts: bool,
) -> Release:
    """Go back because a remedy wants it, as after a watch: once since *since*. Raises `NotPossible`.

    What can't be undone is asked, and everything unless it *acts*.
    """
    with transaction.atomic():
        ledger.hold()
        mine = Release.objects.filter(deployment=deployment.name, ordered_by=wish.by, ordered_at__gte=since)
        if (ordered := mine.order_by("-pk").first()) is not None:
            return ordered
        back = _back(deployment, plan, now)
        back.ordered_by, back.note = wish.by, wish.why
        back.cause = storable_text(str(wish.why))[:500]
        back.detected_at, back.decided_at = wish.detected_at, now if acts and back.is_reversible else None
        back.save()
        record(back, "rollback-ordered", wish.by, now)
        if back.decided_at is not None:
            make_way(back, wish.by, now)
        call_workers()
    return back


def end(
    release: Release,
    state: Release.State,
    note: Message,
    now: datetime,
    *,
    by: str = "",
    shell_user: str = "",
) -> None:
    """Give *release* its final state, and its environment free. The caller holds the ledger.

    *by*: who ended it, and whose shell that was; Toban did if it is empty.
    """
    release.state, release.note, release.ended_at = state, note, now
    release.save()
    DeploymentLock.objects.filter(release=release).delete()
    supersede(subject_name(release), now)
    if state is Release.State.ABORTED:
        record(release, "release-aborted", by or TOBAN, now, shell_user)
    else:
        record(release, "release-ended", by or TOBAN, now)


def lock(deployment: Deployment, reason: str, by: Giver, now: datetime) -> DeploymentLock:
    """Keep an environment as it is until the lock is taken away: releases wait, a rollback does not."""
    require_operator(by)
    if not reason.strip():
        raise NotPossible(Message("approvals.reason-missing"), Message("approvals.give-a-reason"))
    with transaction.atomic():
        ledger.hold()
        found = DeploymentLock.objects.filter(deployment=deployment.name).first()
        if found is not None:
            raise NotPossible(Message("release.is-locked", owner=found.owner, reason=found.reason))
        made = DeploymentLock.objects.create(
            deployment=deployment.name,
            owner=by.name[:150],
            reason=storable_text(reason.strip())[:500],
            since=now,
        )
        _record("environment-locked", made, by, now)
    return made


def unlock(deployment: Deployment, by: Giver, now: datetime) -> None:
    """Take a person's lock away; that of a release under way ends with it."""
    require_operator(by)
    with transaction.atomic():
        ledger.hold()
        found = DeploymentLock.objects.filter(deployment=deployment.name).first()
        if found is None:
            raise NotPossible(Message("release.is-not-locked", name=deployment.name))
        if found.release is not None:
            hint = Message("release.abort-it", number=found.release.pk)
            raise NotPossible(Message("release.lock-of-release", number=found.release.pk), hint)
        _record("environment-unlocked", found, by, now)
        found.delete()


def _back(deployment: Deployment, plan: ReleaseChapterPlan, now: datetime) -> Release:
    """Return the rollback, not saved yet, to the version that served before what serves or is under way."""
    current = to_undo(deployment)
    target = _target(current, deployment) if current is not None else None
    if current is None or target is None:
        is_going = current is not None and current.state == Release.State.RUNNING
        hint = Message("release.abort-it", number=current.pk) if is_going and current is not None else NOTHING
        raise NotPossible(Message("release.nothing-to-go-back-to", name=deployment.name), hint)
    waiting = Release.objects.filter(deployment=deployment.name, kind=Release.Kind.ROLLBACK)
    if (other := waiting.filter(state__in=("planned", "running")).first()) is not None:
        if other.decided_at is None:
            hint = Message("release.approve-it", number=other.pk)
            raise NotPossible(Message("release.rollback-waits", number=other.pk), hint)
        raise NotPossible(Message("release.goes-back-already", number=other.pk))
    release = _new(deployment, Release.Kind.ROLLBACK, target, plan, now)
    if plan.rollback is not None:
        release.clause_id = plan.rollback.id
    release.former, release.undoes = current.artifact, current
    if kept := irreversible_since(target, deployment.name):
        release.is_reversible = False
        said = Message("release.goes-back-over", versions=tuple(each.artifact.label for each in kept))
        release.facts = [[Message("release.fact-undo").as_json(), said.as_json()]]
    return release


def to_undo(deployment: Deployment) -> Release | None:
    """Return what going back would undo: what is under way, or was left half switched, or serves."""
    running = Release.objects.filter(deployment=deployment.name, state=Release.State.RUNNING)
    going = running.exclude(kind__in=BACK).select_related("former", "artifact")
    current = going.first() or _left_between(deployment)
    return current if current is not None and current.served_at is None else newest_served(deployment)


def _target(current: Release, deployment: Deployment) -> StoredArtifact | None:
    if current.served_at is not None:
        return way_back(deployment)
    # A rollback that was cut off is done again; a release is left for what served before it.
    return current.artifact if current.kind == Release.Kind.ROLLBACK else current.former


def _left_between(deployment: Deployment) -> Release | None:
    """Return what ended last in its switch, unless all was seen since with what served before."""
    begun = Release.objects.filter(deployment=deployment.name, began_at__isnull=False)
    newest = begun.exclude(kind=Release.Kind.DRILL).select_related("former", "artifact").order_by("-began_at")
    last = newest.first()
    if last is None or last.served_at is not None or last.ended_at is None or not _switched(last):
        return None
    look = ServingLook.objects.filter(deployment=deployment.name, answered_at__gt=last.ended_at).first()
    return None if look is not None and look.stray_since is None else last


def _switched(release: Release) -> bool:
    """Return whether the switch has begun: before, nothing that serves was touched."""
    return release.run is not None and Run.objects.filter(pk=release.run, step="switch").exists()


def way_back(deployment: Deployment) -> StoredArtifact | None:
    """Return what is gone back to: what served before and was not bad; None if there is nothing."""
    served = Release.objects.filter(deployment=deployment.name, served_at__isnull=False)
    newest = served.exclude(kind=Release.Kind.DRILL).order_by("-served_at")[:_HISTORY]
    rows = {each.pk: each for each in newest}
    bad = (Release.State.ROLLED_BACK, Release.State.FAILED)
    history = [PastRelease(each.pk, each.artifact_id, each.state in bad) for each in rows.values()]
    found = target_of(history)
    return rows[found.number].artifact if found is not None else None


def _new(
    deployment: Deployment,
    kind: Release.Kind,
    artifact: StoredArtifact,
    plan: ReleaseChapterPlan,
    now: datetime,
) -> Release:
    return Release(
        service=deployment.service.name,
        environment=deployment.rule.environment,
        deployment=deployment.name,
        kind=kind,
        artifact=artifact,
        clause_id=deployment.rule.id,
        document_digest=plan.document_digest,
        planned_at=now,
        ordered_at=now,
        note=NOTHING,
    )


def decides(deployment: Deployment, order: ReleaseOrder, now: datetime) -> bool:
    """Return whether who orders a rollback may decide on it: the holder of the row's role does.

    One who made themselves a deputy asks, as they approve nothing; so does what another may have ordered in
    the holder's name, from their shell or by a password that they gave.
    """
    account, role = order.by.account, deployment.rule.approver
    if not role:
        return True
    if account is None or set(order.by.orderers) != {account.pk}:
        return False
    holders = [each for each in holders_of(order.edition, role, now) if each.account == account]
    return any(not is_self_made(order.edition, each) for each in holders)


def make_way(back: Release, by: str, now: datetime) -> None:
    """Stop the release that is under way where *back* goes back, and call off those that are planned."""
    found = Release.objects.filter(deployment=back.deployment, state__in=("planned", "running"))
    for other in found.exclude(kind__in=BACK):
        if other.state == Release.State.RUNNING:
            stop_run(other, by, now)
        else:
            end(other, Release.State.ABORTED, Message("release.gave-way"), now, by=by)


def stop_run(release: Release, by: str, now: datetime) -> None:
    """Have the run of *release* stopped; one that has just ended by itself is left alone."""
    run = Run.objects.filter(pk=release.run).first() if release.run is not None else None
    if run is None:
        return
    try:
        runs.cancel(run.work, by=by, now=now, run_id=run.pk, is_owner=True)
    except NotPossible:
        return


def _times(commits: Sequence[Commit]) -> list[list[str]]:
    return [[each.id, each.at.isoformat()] for each in commits[:_COUNTED]]


def require_operator(by: Giver) -> None:
    """Raise `NotPossible` if the account of *by* may not order anything."""
    if by.account is not None and not may_order(by.account):
        raise NotPossible(Message("release.viewers-release-nothing"), Message("modes.who-moves"))


def _record(act: str, found: DeploymentLock, by: Giver, now: datetime) -> None:
    told = {"order": act, "deployment": found.deployment, "owner": found.owner, "reason": found.reason}
    content = {**told, **from_shell(by.shell_user)}
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by.name[:150]), now=now)
