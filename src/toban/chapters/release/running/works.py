"""The works of the run ledger that make artefacts, release them and go back, with their steps.

What they bring about is in the audit log.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan, Service
from toban.chapters.release.engine import DeployEngine, DeployFailed
from toban.chapters.release.models import CommitProof, DeploymentLock, Release, StoredArtifact
from toban.chapters.release.ordering.orders import end
from toban.chapters.release.ordering.records import record
from toban.chapters.release.running import artifacts
from toban.chapters.release.running.health import Probe, why_unhealthy
from toban.chapters.release.running.instances import why_unhealthy_there
from toban.chapters.release.source import ProofKind, SourceFailed
from toban.design.values.schedule import Cadence, Schedule
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.clock import Clock, system_clock
from toban.engine.evidence import ledger
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode, mode_now
from toban.engine.orders import NotPossible
from toban.engine.runs import orders as runs
from toban.engine.runs.models import Run
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.parameters import Parameter
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, Step, StepFailed, Work
from toban.message import Message, message_of

_ORDERED = Schedule(Cadence.ON_DEMAND)
_LOOKS_AGAIN = 0.5
"""Seconds between two looks at what a step waits for."""
_HEALTHY_WITHIN = timedelta(minutes=1)
_ENDED = (Run.State.DONE, Run.State.FAILED, Run.State.CANCELLED, Run.State.MISSED, Run.State.SKIPPED)


def artifact_key(service: str) -> str:
    """Return the work that makes the artefacts of *service*."""
    return f"artifact/{service}"


def works(
    plan: ReleaseChapterPlan, clock: Clock = system_clock, probe: Probe = why_unhealthy
) -> Mapping[str, Work]:
    """Return the works of *plan*, by key."""
    found: dict[str, Work] = {}
    for name, service in plan.services.items():
        if deployments := plan.of(name):
            steps = _artifact_steps(service, clock)
            row = plan.flow.id if plan.flow is not None else deployments[0].rule.id
            found[artifact_key(name)] = _work(
                artifact_key(name), row, steps, plan, service.config.build_within
            )
    for each in plan.deployments.values():
        there = _There(each, settings.HOME, clock, probe)
        found[each.release_key] = _work(
            each.release_key,
            each.rule.id,
            there.release_steps(),
            plan,
            each.config.timeout,
            (each.rule.method, each.rule.trigger, each.rule.approver, each.before),
        )
        found[each.rollback_key] = _rollback_work(each, plan, there)
    return found


def rollback_mode(deployment: Deployment, plan: ReleaseChapterPlan) -> Mode:
    """Return what Toban does by itself where a version turns out bad: the bindings' word, or a newer one."""
    there = _There(deployment, settings.HOME, system_clock, why_unhealthy)
    return mode_now(schedule_act(_rollback_work(deployment, plan, there)), modes.decisions())


def _rollback_work(deployment: Deployment, plan: ReleaseChapterPlan, there: "_There") -> Work:
    row = plan.rollback.id if plan.rollback is not None else deployment.rule.id
    key, config = deployment.rollback_key, deployment.config
    return replace(
        _work(key, row, there.rollback_steps(), plan, config.timeout),
        trigger=Message("release.turns-out-bad"),
        mode=config.rollback,
        asks=ApprovalTerms(deployment.rule.approver or plan.manager, within=config.approval_within),
        bound=f"{deployment.service.name} → {deployment.rule.environment}",
    )


def _work(
    key: str,
    clause_id: str,
    steps: tuple[Step, ...],
    plan: ReleaseChapterPlan,
    timeout: timedelta,
    conditions: tuple[str, ...] = (),
) -> Work:
    name = "artifact" if key.startswith("artifact/") else "release"
    return Work(
        key=key,
        clause_id=clause_id,
        document_digest=plan.document_digest,
        acting_digest=plan.acting_digest,
        steps=steps,
        schedule=_ORDERED,
        system=plan.system,
        timeout=timeout,
        conditions=conditions,
        parameters=(Parameter(name, Message(f"release.parameter-{name}"), "12", is_required=True),),
    )


def _artifact_steps(service: Service, clock: Clock) -> tuple[Step, ...]:
    make = Step("make", partial(_make, service, clock))
    if not service.config.check:
        return (make,)
    return (make, Step("check", partial(_check, service, clock)))


def _make(service: Service, clock: Clock, turn: RunTurn) -> Message:
    stored = _stored(service, turn)
    try:
        artifacts.make(service, stored, settings.HOME, turn, clock())
    except SourceFailed as error:
        raise StepFailed(message_of(error), RunReason.FAILED) from error
    return Message("release.made", version=stored.label, digest=stored.digest[:12])


def _check(service: Service, clock: Clock, turn: RunTurn) -> Message:
    stored = _stored(service, turn)
    try:
        artifacts.check(service, stored, settings.HOME, turn)
    except SourceFailed as error:
        # That says nothing about the commit.
        raise StepFailed(message_of(error), RunReason.FAILED) from error
    except StepFailed as error:
        if turn.why_stop() is None or error.reason is RunReason.TIMED_OUT:
            failed = Message("release.check-failed", why=message_of(error), run=turn.run_id)
            _prove(service, stored, failed, clock(), is_given=False)
        raise
    said = Message("release.check-passed", command=service.config.check[0])
    _prove(service, stored, said, clock(), is_given=True)
    return said


def _prove(service: Service, stored: StoredArtifact, said: Message, now: datetime, *, is_given: bool) -> None:
    CommitProof.objects.update_or_create(
        service=service.name,
        commit=stored.commit,
        kind=ProofKind.CHECKS,
        defaults={"is_given": is_given, "said": said, "at": now, "looked_at": now},
    )


def _stored(service: Service, turn: RunTurn) -> StoredArtifact:
    number = turn.parameters["artifact"]
    found = StoredArtifact.objects.filter(service=service.name, pk=int(number) if number.isdecimal() else 0)
    stored = found.first()
    if stored is None:
        raise StepFailed(Message("release.no-such-artifact", number=number), RunReason.NOT_RUNNABLE)
    return stored


@dataclass(frozen=True, slots=True)
class _There:
    """The steps in one environment."""

    deployment: Deployment
    home: Path
    clock: Clock
    probe: Probe

    def release_steps(self) -> tuple[Step, ...]:
        return (
            Step("begin", self._begin),
            Step("backup", self._backup),
            Step("install", partial(self._with_engine, self._install)),
            Step("switch", partial(self._with_engine, self._switch)),
            Step("confirm", self._watch),
        )

    def rollback_steps(self) -> tuple[Step, ...]:
        return (
            Step("begin", self._take_over),
            Step("install", partial(self._with_engine, partial(self._install, back=True))),
            Step("switch", partial(self._with_engine, partial(self._switch, back=True))),
            Step("confirm", self._gone_back),
        )

    def _release(self, turn: RunTurn) -> Release:
        """Return the release that the run is for; only the one that was started with this run."""
        number = turn.parameters["release"]
        found = Release.objects.select_related("artifact", "former", "undoes")
        release = found.filter(pk=int(number) if number.isdecimal() else 0).first()
        if release is None or release.run != turn.run_id or release.state != Release.State.RUNNING:
            raise StepFailed(Message("release.run-is-not-its-own", number=number), RunReason.NOT_RUNNABLE)
        return release

    def _with_engine(self, act: Callable[[RunTurn, Release, DeployEngine], object], turn: RunTurn) -> object:
        release = self._release(turn)
        try:
            return act(turn, release, self.deployment.opened(self.home))
        except SourceFailed as error:
            raise StepFailed(message_of(error)) from error
        except DeployFailed as error:
            # An engine that was told to stop has left things as they were, too.
            raise StepFailed(message_of(error), turn.why_stop() or RunReason.FAILED) from error

    def _begin(self, turn: RunTurn) -> object:
        self._release(turn)
        return None

    def _take_over(self, turn: RunTurn) -> object:
        """Wait until the release that it undoes has stopped, and take its lock."""
        release = self._release(turn)
        while not self._locked(release):
            if (stop := turn.why_stop()) is not None:
                raise StepFailed(Message("runs.stopped-midway"), stop)
            time.sleep(_LOOKS_AGAIN)
        return None

    def _locked(self, release: Release) -> bool:
        with transaction.atomic():
            ledger.hold()
            found = DeploymentLock.objects.filter(deployment=self.deployment.name).first()
            if found is not None and found.release is not None and found.release_id != release.pk:
                if _is_active(found.release) and not _gives_way(found.release, release, self.clock()):
                    return False
                found.delete()
                found = None
            # A person's lock keeps releases out, never the way back.
            if found is None:
                take_lock(release, self.clock())
        return True

    def _backup(self, turn: RunTurn) -> object:
        release = self._release(turn)
        key = self.deployment.service.config.backup
        if release.is_reversible:
            return None
        if not key:
            raise StepFailed(
                Message("release.no-backup-bound", service=release.service), RunReason.NOT_RUNNABLE
            )
        number = release.backup_run or self._order_backup(release, key)
        for run in _looks(turn, number):
            turn.progress(None, Message("release.waits-for-backup", key=key, run=run.pk))
            if run.state == Run.State.DONE:
                return Message("release.backed-up", key=key, run=run.pk)
            if run.state in _ENDED:
                raise StepFailed(Message("release.backup-failed", key=key, run=run.pk))
        raise AssertionError("the looks end with the run")

    def _order_backup(self, release: Release, key: str) -> int:
        with transaction.atomic():
            ledger.hold()
            try:
                run = runs.order(key, {}, by=f"release/{release.pk}", now=self.clock())
            except NotPossible as refused:
                raise StepFailed(refused.said) from refused
            release.backup_run = run.pk
            release.save(update_fields=["backup_run"])
        return run.pk

    def _install(
        self, turn: RunTurn, release: Release, engine: DeployEngine, *, back: bool = False
    ) -> object:
        try:
            if release.artifact.digest in engine.installed():
                return None
        except DeployFailed as error:
            if not back:
                raise
            # A host that is down must not keep the others from going back: the switch says what is missing.
            turn.say(message_of(error))
            return None
        # Another node may have made it, or this one may have removed it since.
        artifacts.make(self.deployment.service, release.artifact, self.home, turn, self.clock())
        engine.prune(self._kept(release))
        engine.install(artifacts.as_artifact(release.artifact, self.home), turn)
        return None

    def _kept(self, release: Release) -> frozenset[str]:
        """Return the digests that stay: those that last served and were not bad, and what serves now."""
        served = Release.objects.filter(deployment=self.deployment.name, served_at__isnull=False)
        good = served.exclude(state=Release.State.ROLLED_BACK).order_by("-served_at")
        newest = list(dict.fromkeys(good.values_list("artifact__digest", flat=True)))
        kept = set(newest[: self.deployment.config.keep])
        kept |= {each.digest for each in (release.former, release.artifact) if each is not None}
        return frozenset(kept)

    def _switch(self, turn: RunTurn, release: Release, engine: DeployEngine, *, back: bool = False) -> object:
        engine.switch(artifacts.as_artifact(release.artifact, self.home), turn, back=back)
        wrong = {name: each for name, each in engine.serving().items() if each != release.artifact.digest}
        if wrong:
            raise StepFailed(Message("release.serves-something-else", instances=tuple(wrong)))
        with transaction.atomic():
            ledger.hold()
            release.served_at = release.served_at or self.clock()
            release.save(update_fields=["served_at"])
            undone = release.undoes
            if undone is not None and undone.served_at and undone.state != Release.State.ROLLED_BACK:
                note = Message("release.undone-by", number=release.pk, why=release.cause)
                end(undone, Release.State.ROLLED_BACK, note, self.clock())
        return None

    def _healthy(self, turn: RunTurn) -> None:
        """Wait until the environment is healthy, or raise `StepFailed`."""
        until = time.monotonic() + _HEALTHY_WITHIN.total_seconds()
        while why := why_unhealthy_there(self.deployment, self.home, self.probe):
            if (stop := turn.why_stop()) is not None:
                raise StepFailed(Message("runs.stopped-midway"), stop)
            if time.monotonic() >= until:
                raise StepFailed(why)
            time.sleep(_LOOKS_AGAIN)

    def _watch(self, turn: RunTurn) -> object:
        """Record that the version serves, and have it watched from now on."""
        release = self._release(turn)
        try:
            self._healthy(turn)
            checked_at = self.clock()
        except StepFailed as error:
            # The watch takes it back: it serves, so this is no failed run.
            checked_at, release.note = None, message_of(error)
        with transaction.atomic():
            ledger.hold()
            begin_watch(release, checked_at, self.deployment.config.watch, self.clock())
        return Message("release.serves", version=release.artifact.label, environment=release.environment)

    def _gone_back(self, turn: RunTurn) -> object:
        release = self._release(turn)
        self._healthy(turn)
        now = self.clock()
        with transaction.atomic():
            ledger.hold()
            release.checked_at = now
            said = Message("release.went-back", version=release.artifact.label)
            end(release, Release.State.DONE, said, now)
        return said


def begin_watch(release: Release, checked_at: datetime | None, watch: timedelta, now: datetime) -> None:
    """Have *release*, which serves, watched from now on. The caller holds the ledger."""
    older = Release.objects.filter(deployment=release.deployment, state=Release.State.WATCHED)
    for each in older.select_related("artifact", "former"):
        end(each, Release.State.DONE, Message("release.was-followed", number=release.pk), now)
    release.checked_at, release.state = checked_at, Release.State.WATCHED
    release.watched_until = now + watch
    release.save(update_fields=["checked_at", "state", "watched_until", "note"])
    DeploymentLock.objects.filter(release=release).delete()
    record(release, "release-served", release.ordered_by, now)


def take_lock(release: Release, now: datetime) -> None:
    """Lock the environment for *release*. In the caller's transaction, which holds the ledger."""
    DeploymentLock.objects.create(
        deployment=release.deployment,
        release=release,
        owner=release.ordered_by,
        reason=release.cause or release.artifact.label,
        since=now,
    )


def _is_active(release: Release) -> bool:
    if release.run is None:
        return release.state == Release.State.RUNNING
    return not Run.objects.filter(pk=release.run, state__in=_ENDED).exists()


def _gives_way(held: Release, back: Release, now: datetime) -> bool:
    """Call off a drill that only waits for its next attempt, and return whether it was one."""
    run = Run.objects.filter(pk=held.run or 0, state=Run.State.WAITING).first()
    if held.kind != Release.Kind.DRILL or run is None:
        return False
    runs.cancel(run.work, by=back.ordered_by, now=now, run_id=run.pk)
    return True


def _looks(turn: RunTurn, number: int) -> Iterator[Run]:
    """Yield the run *number* again and again, until the step must end."""
    while True:
        run = Run.objects.filter(pk=number).first()
        if run is None:
            raise StepFailed(Message("release.backup-is-gone", run=number))
        yield run
        if (stop := turn.why_stop()) is not None:
            raise StepFailed(Message("runs.stopped-midway"), stop)
        time.sleep(_LOOKS_AGAIN)
