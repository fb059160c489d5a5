"""The rollback drill: to the former version and forth again, by the stop-watch, where nobody is hurt."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.drills.record import DrillCheck, DrillOutcome, keep, summary
from toban.chapters.release.engine import Artifact, DeployEngine, DeployFailed
from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.ordering.meanwhile import irreversible_since
from toban.chapters.release.ordering.orders import way_back
from toban.chapters.release.ordering.planning import newest_served
from toban.chapters.release.ordering.records import record
from toban.chapters.release.running.artifacts import as_artifact
from toban.chapters.release.running.health import Probe, why_unhealthy
from toban.chapters.release.running.works import take_lock
from toban.design.values.schedule import Schedule
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.clock import Clock, system_clock
from toban.engine.evidence import ledger
from toban.engine.runs.rules import RunReason
from toban.engine.runs.steps.hearing import PassedOn
from toban.engine.runs.work import RunTurn, Step, StepFailed, Work
from toban.message import NOTHING, Message, message_of, sentences

_LOOKS_AGAIN = 0.5
_AGAIN = (timedelta(minutes=10), timedelta(hours=1))


def schedule_of(deployment: Deployment, plan: ReleaseChapterPlan) -> Schedule | None:
    """Return when the way back is rehearsed in *deployment*; None if never."""
    is_said = "drill" in deployment.config.model_fields_set
    is_before_the_last = any(each.before == deployment.name for each in plan.deployments.values())
    return deployment.config.drill if is_said or is_before_the_last else None


def works(
    plan: ReleaseChapterPlan, clock: Clock = system_clock, probe: Probe = why_unhealthy
) -> Mapping[str, Work]:
    """Return the drills of *plan*, by the key of their work."""
    if plan.rollback is None:
        return {}
    found = ((each, schedule_of(each, plan)) for each in plan.deployments.values())
    return {
        each.drill_key: _work(each, schedule, plan, clock, probe)
        for each, schedule in found
        if schedule is not None
    }


def _work(
    deployment: Deployment, schedule: Schedule, plan: ReleaseChapterPlan, clock: Clock, probe: Probe
) -> Work:
    if plan.rollback is None:
        raise AssertionError("without the procedure there is nothing to rehearse")
    within = plan.rollback.within
    there = _Rehearsal(
        deployment,
        plan,
        settings.HOME,
        clock,
        probe,
        within.as_timedelta() if within is not None else None,
    )
    return Work(
        key=deployment.drill_key,
        clause_id=plan.rollback.id,
        document_digest=plan.document_digest,
        acting_digest=plan.acting_digest,
        steps=(Step("rehearse", there.hold),),
        schedule=schedule,
        system=plan.system,
        timeout=deployment.config.timeout,
        retry_delays=_AGAIN,
        asks=ApprovalTerms(plan.manager),
        bound=f"{deployment.name} rollback drill",
    )


class _GoesOn(PassedOn[RunTurn]):
    """A watch that never asks to stop: the version that served is brought back whatever happens."""

    def why_stop(self) -> object | None:
        return None


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """The drill of one environment."""

    deployment: Deployment
    plan: ReleaseChapterPlan
    home: Path
    clock: Clock
    probe: Probe
    limit: timedelta | None

    def hold(self, turn: RunTurn) -> Message:
        """Hold the drill; an attempt that was cut off is held again from the start."""
        release = self._begun(turn)
        if isinstance(release, Message):
            return release
        former = release.former
        if former is None:
            raise AssertionError("a drill knows what serves")
        back, forth = as_artifact(release.artifact, self.home), as_artifact(former, self.home)
        outcome = DrillOutcome(self.limit)
        try:
            engine = self.deployment.opened(self.home)
            self._restored(engine, back, forth, turn)
            self._back(engine, back, release, outcome, turn)
            self._forth(engine, forth, outcome, turn)
        except DeployFailed as error:
            outcome.reason = sentences(outcome.reason, message_of(error))
        stop = turn.why_stop()
        if stop is not None and not outcome.is_passed:
            # It went back to what served; the drill itself is held again, or not at all.
            raise StepFailed(Message("runs.stopped-midway"), stop)
        if outcome.restored_at is None and release.served_at is not None:
            # The former version still serves, and the lock says so: the next attempt brings it forth.
            raise StepFailed(Message("release-rows.drill-not-restored", why=outcome.why_not))
        drill = keep(release, outcome, self.clock())
        if not outcome.is_passed:
            raise StepFailed(summary(drill), RunReason.NOT_RUNNABLE)
        return summary(drill)

    def _begun(self, turn: RunTurn) -> Release | Message:
        """Return the release that is the drill, with the lock, or why there is nothing to rehearse."""
        now = self.clock()
        with transaction.atomic():
            ledger.hold()
            mine = Release.objects.select_related("artifact", "former")
            known = mine.filter(run=turn.run_id, kind=Release.Kind.DRILL).first()
            if known is not None and known.state == Release.State.RUNNING:
                return known
            held = DeploymentLock.objects.filter(deployment=self.deployment.name).first()
            if held is not None:
                said = Message("release-rows.drill-finds-lock", owner=held.owner, reason=held.reason)
                raise StepFailed(said)
            target, newest = way_back(self.deployment), newest_served(self.deployment)
            if target is None or newest is None:
                environment = self.deployment.rule.environment
                return Message("release-rows.drill-without-former", environment=environment)
            if kept := irreversible_since(target, self.deployment.name):
                # The former version may not know the schema: that is no clock's decision, nor one person's.
                versions = tuple(each.artifact.label for each in kept)
                said = Message("release-rows.drill-over-migration", versions=versions)
                raise StepFailed(said, RunReason.NOT_RUNNABLE)
            release = Release.objects.create(
                service=self.deployment.service.name,
                environment=self.deployment.rule.environment,
                deployment=self.deployment.name,
                kind=Release.Kind.DRILL,
                state=Release.State.RUNNING,
                artifact=target,
                former=newest.artifact,
                clause_id=self.plan.rollback.id if self.plan.rollback is not None else "",
                document_digest=self.plan.document_digest,
                ordered_by="schedule",
                planned_at=turn.due_at,
                ordered_at=now,
                began_at=now,
                run=turn.run_id,
                note=NOTHING,
            )
            take_lock(release, now)
            record(release, "release-began", "schedule", now)
        return release

    def _restored(self, engine: DeployEngine, back: Artifact, forth: Artifact, turn: RunTurn) -> None:
        """See that the current version serves: an attempt that was cut off may have left the former one."""
        serving = set(engine.serving().values())
        if serving == {forth.digest}:
            return
        if not serving <= {back.digest, forth.digest}:
            raise DeployFailed(Message("release-rows.drill-finds-another"))
        self._bring(engine, forth, _GoesOn(turn))

    def _back(
        self, engine: DeployEngine, back: Artifact, release: Release, outcome: DrillOutcome, turn: RunTurn
    ) -> None:
        """Go back as a rollback does, and look. What fails is kept: the way forth follows all the same."""
        release.detected_at = release.decided_at = self.clock()
        release.served_at = release.checked_at = None
        release.save()
        try:
            with _timed(outcome, "back"):
                self._bring(engine, back, turn)
            release.served_at = self.clock()
            release.save(update_fields=["served_at"])
            with _timed(outcome, "check"):
                outcome.checks.append(self._served(engine, back))
                outcome.checks += self._looked()
            if all(each.is_passed for each in outcome.checks):
                release.checked_at = self.clock()
            release.save(update_fields=["checked_at"])
            outcome.checks += self._in_time(release)
        except DeployFailed as error:
            outcome.reason = message_of(error)

    def _forth(self, engine: DeployEngine, forth: Artifact, outcome: DrillOutcome, turn: RunTurn) -> None:
        with _timed(outcome, "forth"):
            self._bring(engine, forth, _GoesOn(turn))
        served = self._served(engine, forth)
        outcome.checks.append(replace(served, name=Message("release-rows.check-restored")))
        outcome.checks += [
            replace(each, name=Message("release-rows.check-healthy-again")) for each in self._looked()
        ]
        if served.is_passed:
            outcome.restored_at = self.clock()

    def _bring(self, engine: DeployEngine, artifact: Artifact, watch: "RunTurn | _GoesOn") -> None:
        if artifact.digest not in engine.installed():
            engine.install(artifact, watch)
        # Both served before: as in a rollback, nothing is migrated.
        engine.switch(artifact, watch, back=True)

    def _served(self, engine: DeployEngine, artifact: Artifact) -> DrillCheck:
        wrong = [name for name, digest in engine.serving().items() if digest != artifact.digest]
        found = Message("release-rows.all-serve", version=artifact.label)
        if wrong:
            found = Message("release-rows.some-serve-another", instances=wrong)
        return DrillCheck(Message("release-rows.check-served"), found, not wrong)

    def _looked(self) -> Iterator[DrillCheck]:
        """Yield whether it answers as it must, if the bindings say how."""
        health = self.deployment.config.health
        if health is None or not health.url or "{instance}" in health.url:
            return
        until = time.monotonic() + health.within.total_seconds()
        while (why := self.probe(health)) and time.monotonic() < until:
            time.sleep(_LOOKS_AGAIN)
        found = why or Message("release-rows.answers-as-it-must")
        yield DrillCheck(Message("release-rows.check-healthy"), found, not why)

    def _in_time(self, release: Release) -> Iterator[DrillCheck]:
        if self.limit is None or release.served_at is None or release.decided_at is None:
            return
        took = release.served_at - release.decided_at
        found = Message("common.seconds", count=f"{took.total_seconds():,.1f}")
        yield DrillCheck(Message("release-rows.check-in-time"), found, took <= self.limit)


@contextmanager
def _timed(outcome: DrillOutcome, phase: str) -> Iterator[None]:
    began = time.monotonic()
    try:
        yield
    finally:
        outcome.phases[phase] = time.monotonic() - began
