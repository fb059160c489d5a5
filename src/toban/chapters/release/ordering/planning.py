"""What a release would do, before anybody orders it: its version, its way, and what stands against it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from django.db.models import Window
from django.db.models.functions import RowNumber

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import CommitProof, Release, StoredArtifact
from toban.chapters.release.ordering.rules import migrations_in, why_unproven
from toban.chapters.release.ordering.writers import facts_about
from toban.chapters.release.rows.collisions import collisions
from toban.chapters.release.rows.schedule import Collision, ReleaseCalendar, blocking, cites, frozen
from toban.chapters.release.running.artifacts import described
from toban.chapters.release.source import Commit, Proof, ProofKind, ReleaseSource, SourceFailed
from toban.design.clauses.release import ReleaseSchedule
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.runs.models import PlannedWork
from toban.message import NOTHING, Message, plain, sentences

_LISTED = 20
"""Commits that are listed one by one."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to release."""

    deployment: str
    """The name of its table, or the environment."""
    version: str = ""
    """A tag, branch or commit; empty for the newest that may go there."""
    at: datetime | None = None
    """None: now, or on the schedule's next day where the document gives one."""
    cause: str = ""
    """For a patch: the incident or error that it mends."""
    despite: str = ""
    """Why it is to be released in spite of a freeze."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A release as it would be planned."""

    deployment: Deployment
    kind: Release.Kind
    cause: str
    artifact: StoredArtifact
    """Not saved yet, if nobody has released this commit before."""
    former: StoredArtifact | None
    """What serves now."""
    planned_at: datetime
    commits: Sequence[Commit]
    """What comes in, newest first."""
    going_out: Sequence[Commit]
    """What is lost: it serves now, and this version lacks it."""
    irreversible: Sequence[Commit]
    lost: Sequence[Commit]
    """What can't be undone among what is lost: this version may not know the schema."""
    proofs: Sequence[Proof]
    about_writers: Sequence[tuple[Message, Message]] = ()
    """What is to be known of those who wrote the commits."""
    collisions: Sequence[Collision] = ()
    """What it would run into at that time."""
    schedule: ReleaseSchedule | None = None
    """The row of the release schedule that it follows."""
    despite: str = ""
    """See `Wish`."""
    refusals: Sequence[NotPossible] = ()
    """Why it can't be planned; empty if it can."""

    @property
    def is_reversible(self) -> bool:
        """Whether the former version can serve again after it."""
        return not self.irreversible

    @property
    def facts(self) -> Sequence[tuple[Message, Message]]:
        """What people are shown, and what an approval binds to."""
        return tuple(self._facts())

    def _facts(self) -> Iterator[tuple[Message, Message]]:
        rule, artifact = self.deployment.rule, self.artifact
        yield Message("release.fact-environment"), plain(rule.environment)
        yield Message("release.fact-version"), plain(f"{artifact.label} ({artifact.commit[:12]})")
        yield Message("release.fact-digest"), plain(artifact.digest) or Message("release.not-made-yet")
        former = Message("release.nothing-serves") if self.former is None else plain(self.former.label)
        yield Message("release.fact-former"), former
        yield Message("release.fact-commits"), _listed(self.commits)
        yield from self.about_writers
        if self.going_out:
            yield Message("release.fact-going-out"), _listed(self.going_out)
        yield Message("release.fact-undo"), self._undo()
        if self.lost:
            versions = tuple(each.subject for each in self.lost)
            yield Message("release.fact-undo"), Message("release.goes-back-over", versions=versions)
        for proof in self.proofs:
            yield Message(f"release.fact-{proof.kind}"), proof.said
        for collision in self.collisions:
            yield Message("release.fact-collision"), collision.said
        if self.despite:
            yield Message("release.fact-despite"), plain(self.despite)
        if (row := self.schedule) is not None:
            yield Message("release.fact-schedule"), plain(f"{row.name} ({row.schedule.text})")
        acts_on = self.deployment.kind.bound(self.deployment.config)
        yield Message("release.fact-acts-on"), plain(", ".join(acts_on))

    def _undo(self) -> Message:
        if self.is_reversible:
            return Message("release.can-be-undone")
        return Message("release.cannot-be-undone", commits=tuple(each.subject for each in self.irreversible))


def draft(edition: Edition, plan: ReleaseChapterPlan, wish: Wish, *, home: Path, now: datetime) -> Draft:
    """Return the release that *wish* asks for; raise `NotPossible` if there is no such thing to release."""
    deployment = deployment_named(plan, wish.deployment)
    service = deployment.service
    former = serving_artifact(deployment)
    try:
        source = service.opened(home)
        source.fetch()
        commit = source.resolve(wish.version) if wish.version else _newest(plan, deployment, source)
        after = former.commit if former is not None else ""
        commits = source.commits(after, commit)
        going_out = source.commits(commit, after) if after else ()
        artifact = described(source, service.name, commit, now)
        proofs = [*_stored_proofs(service.name, commit), *source.proofs(commit)]
    except SourceFailed as error:
        raise NotPossible(error.args[0], error.hint) from error
    schedule, planned_at = _timing(plan, deployment, wish, now)
    found = Draft(
        deployment,
        Release.Kind.PATCH if wish.cause else Release.Kind.REGULAR,
        wish.cause,
        artifact,
        former,
        planned_at,
        commits,
        going_out,
        migrations_in(commits, service.config),
        migrations_in(going_out, service.config),
        _newest_proofs(proofs),
        tuple(facts_about(commits, plan)),
        collisions(edition, deployment.name, planned_at, now),
        schedule,
        wish.despite.strip(),
    )
    return replace(found, refusals=tuple(_refusals(found, plan, now)))


def _timing(
    plan: ReleaseChapterPlan, deployment: Deployment, wish: Wish, now: datetime
) -> tuple[ReleaseSchedule | None, datetime]:
    """Return the row that a release follows, and when it begins.

    The schedule is that of the last environment: the others are to be ahead of it.
    """
    if not is_last(plan, deployment):
        return None, wish.at or now
    rows = {row: calendar_of(row, deployment, plan) for row in plan.schedules}
    if wish.cause:
        return next((row for row, each in rows.items() if each.needs_cause), None), wish.at or now
    dated = {row: each for row, each in rows.items() if not each.needs_cause}
    if wish.at is None:
        offers = {row: window for row, each in dated.items() if (window := each.next_after(now)) is not None}
        first = min(offers, key=lambda row: offers[row].due_at, default=None)
        return first, offers[first].due_at if first is not None else now
    at = wish.at
    inside = (row for row, each in dated.items() if each.is_any_time or each.window_at(at) is not None)
    return next(inside, None), at


def _without_backup(deployment: Deployment) -> Message:
    """Say why nothing could be backed up before a release that can't be undone."""
    service = deployment.service
    if not service.config.backup:
        return Message("release.no-backup-bound", service=service.name)
    if PlannedWork.objects.filter(key=service.config.backup, in_force=True).exists():
        return NOTHING
    return Message("release.no-such-backup", key=service.config.backup, service=service.name)


def is_last(plan: ReleaseChapterPlan, deployment: Deployment) -> bool:
    """Return whether it is the last environment of its service, in the order of the document's rows."""
    return plan.of(deployment.service.name)[-1] == deployment


def calendar_of(row: ReleaseSchedule, deployment: Deployment, plan: ReleaseChapterPlan) -> ReleaseCalendar:
    """Return when *row* lets releases to *deployment* begin."""
    config = deployment.config
    return ReleaseCalendar(row.schedule, deployment.service.config.at, plan.system, config.begins_within)


def deployment_named(plan: ReleaseChapterPlan, name: str) -> Deployment:
    """Return the deployment by the name of its table or its environment, or raise `NotPossible`."""
    known = plan.deployments
    by_environment = [each for each in known.values() if each.rule.environment == name]
    if name in known:
        return known[name]
    if len(by_environment) == 1:
        return by_environment[0]
    hint = Message("release.known-deployments", names=tuple(known)) if known else Message("release.bind-one")
    raise NotPossible(Message("release.no-such-deployment", name=name), hint)


def newest_served(deployment: Deployment) -> Release | None:
    """Return the release (or rollback) that serves, by the ledger; None if there was none."""
    found = Release.objects.filter(deployment=deployment.name, served_at__isnull=False)
    return (
        found.exclude(kind=Release.Kind.DRILL)
        .select_related("artifact")
        .order_by("-served_at", "-pk")
        .first()
    )


def newest_served_by(names: Collection[str]) -> Mapping[str, Release]:
    """Return what `newest_served` does for each of *names*, in one query; those without one are left out."""
    served = Release.objects.filter(deployment__in=names, served_at__isnull=False)
    place = Window(RowNumber(), partition_by="deployment", order_by=("-served_at", "-pk"))
    newest = served.exclude(kind=Release.Kind.DRILL).annotate(place=place).filter(place=1).values("pk")
    found = Release.objects.filter(pk__in=newest).select_related("artifact")
    return {each.deployment: each for each in found}


def serving_artifact(deployment: Deployment) -> StoredArtifact | None:
    """Return what serves there, by the ledger."""
    found = newest_served(deployment)
    return found.artifact if found is not None else None


def require_serving(deployment: Deployment, former: StoredArtifact | None) -> None:
    """Raise `NotPossible` if something else than *former* serves by now.

    What comes in, who wrote it and whether it can be undone was looked up before, and is about *former*.
    """
    if serving_artifact(deployment) != former:
        said = Message("release.serves-another-now", name=deployment.name)
        raise NotPossible(said, Message("release.look-again"))


def _newest(plan: ReleaseChapterPlan, deployment: Deployment, source: ReleaseSource) -> str:
    """Return the commit that goes there if nobody names one: that of the environment before, or the trunk."""
    if not deployment.before:
        return source.resolve(deployment.service.config.trunk)
    before = newest_served(plan.deployments[deployment.before])
    if before is None:
        said = Message("release.nothing-staged", environment=_before(plan, deployment))
        raise NotPossible(said, Message("release.stage-it-first", name=deployment.before))
    return before.artifact.commit


def _refusals(found: Draft, plan: ReleaseChapterPlan, now: datetime) -> Iterator[NotPossible]:
    deployment = found.deployment
    if unproven := why_unproven(found.proofs):
        yield NotPossible(unproven, Message("release.mend-the-proof"))
    if found.former is not None and found.former.commit == found.artifact.commit:
        yield NotPossible(Message("release.serves-already", version=found.artifact.label))
    if deployment.before and not _was_checked(plan.deployments[deployment.before], found.artifact):
        environment = _before(plan, deployment)
        said = Message("release.not-checked-before", version=found.artifact.label, environment=environment)
        yield NotPossible(said, Message("release.stage-it-first", name=deployment.before))
    if (other := open_release(deployment)) is not None:
        yield behind(other)
    if found.planned_at < now:
        yield NotPossible(Message("release.time-is-over"))
    if found.kind == Release.Kind.PATCH and not cites(found.cause):
        yield NotPossible(Message("release.cites-nothing"), Message("release.cite-a-cause"))
    if found.kind == Release.Kind.REGULAR and found.schedule is None and is_last(plan, deployment):
        yield from _outside(found, plan)
    if (why := blocking(found.collisions)) and not found.despite:
        yield NotPossible(why, Message("release.say-despite"))
    if not found.is_reversible and (lacking := _without_backup(deployment)):
        yield NotPossible(lacking)


def stands_against(
    release: Release, deployment: Deployment, plan: ReleaseChapterPlan, now: datetime
) -> Message:
    """Say what keeps *release* from beginning now, though it was planned; nothing if nothing does."""
    if release.kind == Release.Kind.FIRST:
        return NOTHING
    if unproven := why_unproven([*_stored_proofs(release.service, release.artifact.commit)]):
        return unproven
    if deployment.before and not _was_checked(plan.deployments[deployment.before], release.artifact):
        environment = _before(plan, deployment)
        return Message("release.not-checked-before", version=release.artifact.label, environment=environment)
    # What was known when it was planned, people have overruled.
    known = [value for _label, value in release.facts]
    found = (each.said for each in freezes_at(deployment, plan, now) if each.said.as_json() not in known)
    return next(found, NOTHING)


def freezes_at(deployment: Deployment, plan: ReleaseChapterPlan, at: datetime) -> Iterator[Collision]:
    """Yield the freezes in which *deployment* is left as it is at that time."""
    zone = plan.system.zone
    return frozen((each.of(zone) for each in deployment.service.config.freezes), at, zone)


def _outside(found: Draft, plan: ReleaseChapterPlan) -> Iterator[NotPossible]:
    calendars = [calendar_of(row, found.deployment, plan) for row in plan.schedules]
    nexts = [window.due_at for each in calendars if (window := each.next_after(found.planned_at)) is not None]
    if nexts:
        at = min(nexts).astimezone(plan.system.zone)
        yield NotPossible(Message("release.outside-schedule"), Message("release.wait-or-cite", at=at))


def open_release(deployment: Deployment) -> Release | None:
    """Return the release that is planned or under way there."""
    states = (Release.State.PLANNED, Release.State.RUNNING)
    found = Release.objects.filter(deployment=deployment.name, state__in=states)
    return found.exclude(kind=Release.Kind.ROLLBACK).select_related("artifact").order_by("-pk").first()


def behind(other: Release) -> NotPossible:
    """Return why nothing can be ordered where *other* is planned or under way, and the way out."""
    named = {"number": other.pk, "version": other.artifact.label}
    if other.kind != Release.Kind.FIRST:
        said = Message("release.another-is-open", **named)
        return NotPossible(said, Message("release.abort-it", number=other.pk))
    # What an environment begins with is nobody's order: calling it off would leave nothing to go back to.
    said = Message("release.first-is-open", environment=other.environment, **named)
    if other.note.code == "release.waits-for-approval":
        return NotPossible(said, Message("release.approve-it", number=other.pk))
    return NotPossible(said, Message("release.wait-for-first", name=other.deployment))


def _was_checked(before: Deployment, artifact: StoredArtifact) -> bool:
    """Return whether exactly these bytes were found healthy on the environment before."""
    if artifact.pk is None or not artifact.digest:
        return False
    checked = Release.objects.filter(deployment=before.name, artifact=artifact, checked_at__isnull=False)
    return checked.exclude(state=Release.State.ROLLED_BACK).exists()


def _before(plan: ReleaseChapterPlan, deployment: Deployment) -> str:
    return plan.deployments[deployment.before].rule.environment


def _stored_proofs(service: str, commit: str) -> Iterator[Proof]:
    for each in CommitProof.objects.filter(service=service, commit=commit):
        yield Proof(ProofKind(each.kind), each.is_given, each.said, each.at, each.url)


def _newest_proofs(proofs: Sequence[Proof]) -> Sequence[Proof]:
    """Return one proof of each kind: the last one that is known, else that nobody can know it."""
    found: dict[ProofKind, Proof] = {}
    for proof in proofs:
        if proof.kind not in found or proof.is_given is not None:
            found[proof.kind] = proof
    return [found[kind] for kind in ProofKind if kind in found]


def _listed(commits: Sequence[Commit]) -> Message:
    if not commits:
        return Message("release.no-commits")
    told = [plain(f"{each.id[:12]} {each.subject}") for each in commits[:_LISTED]]
    if len(commits) > _LISTED:
        told.append(Message("release.more-commits", count=len(commits) - _LISTED))
    return sentences(*told)
