"""The loop over releases: what is due begins, what has ended is settled, what serves is watched.

Level-triggered: everything is read from the tables, so that a worker that was killed is missed by nobody. All
of it is in the audit log.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.ordering.approval import Consent, consent
from toban.chapters.release.ordering.meanwhile import why_outdated
from toban.chapters.release.ordering.orders import end, roll_back_watched
from toban.chapters.release.ordering.planning import serving_artifact, stands_against
from toban.chapters.release.ordering.records import record
from toban.chapters.release.running.health import Probe, why_unhealthy
from toban.chapters.release.running.instances import why_unhealthy_there
from toban.chapters.release.running.works import artifact_key, begin_watch, rollback_mode, take_lock
from toban.engine.evidence import ledger
from toban.engine.modes.rules import Mode
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition
from toban.engine.orders import NotPossible
from toban.engine.runs import orders as runs
from toban.engine.runs.claiming import claim
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import RunReason
from toban.engine.state.question import Question
from toban.message import NOTHING, Message

_FAILED_LOOKS = 3
"""Failed looks at a watched version, one after another, that count as trouble."""
_SILENCE = timedelta(minutes=1)
"""After its lease, a run without a work is nobody's: by then its worker would have renewed it."""
_OPEN = (Release.State.PLANNED, Release.State.RUNNING)
_BACK = (Release.Kind.ROLLBACK, Release.Kind.DRILL)
_BY_PEOPLE = (Release.Kind.REGULAR, Release.Kind.PATCH)
_ENDED = {
    Run.State.DONE: Release.State.FAILED,
    Run.State.FAILED: Release.State.FAILED,
    Run.State.MISSED: Release.State.FAILED,
    Run.State.SKIPPED: Release.State.ABORTED,
    Run.State.CANCELLED: Release.State.ABORTED,
}
"""The state of a run → that of its release, which its last step has not ended itself."""

_UNDER_WAY = Question(
    lambda: Release.objects.filter(state__in=_OPEN).order_by("pk").values_list("pk", "deployment")
)

log = structlog.get_logger(__name__)


def look(plan: ReleaseChapterPlan, now: datetime) -> None:
    """Have every release take the next step that is due; each in a transaction of its own."""
    for number, name in _UNDER_WAY.rows():
        deployment = plan.deployments.get(name)
        with transaction.atomic():
            ledger.hold()
            release = _locked(number)
            if release.state == Release.State.RUNNING:
                _settle(release, deployment, now)
            elif release.state == Release.State.PLANNED:
                _advance(release, deployment, plan, now)


def _locked(number: int) -> Release:
    found = Release.objects.select_for_update(of=("self",))
    return found.select_related("artifact", "former", "undoes").get(pk=number)


def _settle(release: Release, deployment: Deployment | None, now: datetime) -> None:
    """End a release whose run has ended without it; one that serves is watched like any other."""
    run = Run.objects.filter(pk=release.run).first() if release.run is not None else None
    if run is not None and run.state not in _ENDED:
        if deployment is not None or not _is_left(run, now):
            return
        # No worker would take it up again, and nobody could cancel it.
        gone = Message("release.gone-midway", name=release.deployment)
        claim.end(run, Run.State.FAILED, RunReason.NOT_RUNNABLE, now, gone)
    state = _ENDED[Run.State(run.state)] if run is not None else Release.State.FAILED
    note = run.note if run is not None else Message("release.run-is-gone")
    if release.served_at is not None and release.kind not in _BACK:
        release.note = Message("release.serves-despite", why=release.note or note, name=release.deployment)
        begin_watch(release, None, deployment.config.watch if deployment is not None else timedelta(0), now)
        return
    end(release, state, release.note or note, now)


def _is_left(run: Run, now: datetime) -> bool:
    """Return whether no worker is at *run*: one of the former edition may still do its step."""
    return run.leased_until is None or now - run.leased_until > _SILENCE


def _advance(
    release: Release, deployment: Deployment | None, plan: ReleaseChapterPlan, now: datetime
) -> None:
    """Bring a planned release as far as it goes: made, approved, begun."""
    if deployment is None:
        end(release, Release.State.ABORTED, Message("release.no-longer-bound", name=release.deployment), now)
        return
    if _is_late(release, deployment, now):
        said = Message("release.not-begun-in-time", why=release.note)
        end(release, Release.State.ABORTED, said, now)
        return
    if why := why_outdated(release):
        # Whoever still wants to go back asks again: of what serves by now, of as many as that takes.
        end(release, Release.State.ABORTED, Message("release.not-begun", why=why), now)
        return
    if not _is_made(release, now):
        return
    match consent(release, deployment, plan, now):
        case Consent.OVER:
            end(release, Release.State.ABORTED, Message("release.not-approved-in-time"), now)
        case Consent.GIVEN if now >= release.planned_at:
            _begin(release, deployment, plan, now)
        case Consent.WAITS:
            role = deployment.rule.approver or plan.manager
            _say(release, Message("release.waits-for-approval", role=role, number=release.pk))
        case Consent.GIVEN:
            _say(release, NOTHING)


def _is_late(release: Release, deployment: Deployment, now: datetime) -> bool:
    """Return whether the time that people have planned is over: what is due at 20:00 begins not at night."""
    is_planned = release.kind in _BY_PEOPLE and release.planned_at > release.ordered_at
    return is_planned and now >= release.planned_at + deployment.config.begins_within


def _is_made(release: Release, now: datetime) -> bool:
    """Return whether the artefact is there, and checked where the bindings say how; order it once if not.

    A failed one ends the release.
    """
    artifact, key = release.artifact, artifact_key(release.service)
    newest = Run.objects.filter(work=key, parameters={"artifact": str(artifact.pk)}).order_by("-pk").first()
    if newest is not None and newest.state not in _ENDED:
        return False
    if artifact.digest and (newest is None or newest.state == Run.State.DONE):
        return True
    if newest is None or newest.due_at < release.ordered_at:
        _order(release, key, {"artifact": str(artifact.pk)}, now)
    else:
        end(release, Release.State.FAILED, newest.note, now)
    return False


def _begin(release: Release, deployment: Deployment, plan: ReleaseChapterPlan, now: datetime) -> None:
    is_back = release.kind == Release.Kind.ROLLBACK
    if not is_back:
        if waits := _waits_for(release):
            _say(release, waits)
            return
        if why := stands_against(release, deployment, plan, now):
            if release.kind in _BY_PEOPLE:
                end(release, Release.State.ABORTED, Message("release.not-begun", why=why), now)
            else:
                _say(release, why)
            return
        # Another may have served since it was planned.
        release.former = serving_artifact(deployment)
    key = deployment.rollback_key if is_back else deployment.release_key
    run = _order(release, key, {"release": str(release.pk)}, now)
    if run is None:
        return
    release.run, release.state, release.began_at, release.note = run.pk, Release.State.RUNNING, now, NOTHING
    release.decided_at = release.decided_at or now
    release.save()
    if not is_back:
        take_lock(release, now)
    record(release, "release-began", release.ordered_by, now)


def _waits_for(release: Release) -> Message:
    """Say what has the environment now; nothing if it is free."""
    held = DeploymentLock.objects.filter(deployment=release.deployment).first()
    if held is not None:
        return Message("release.waits-for-lock", owner=held.owner, reason=held.reason)
    back = Q(kind=Release.Kind.ROLLBACK, state=Release.State.PLANNED, decided_at__isnull=False)
    others = Release.objects.filter(Q(state=Release.State.RUNNING) | back, deployment=release.deployment)
    other = others.first()
    return Message("release.waits-for-release", number=other.pk) if other is not None else NOTHING


def _order(release: Release, key: str, parameters: dict[str, str], now: datetime) -> Run | None:
    """Order the run, or say why not yet: right after a new version no worker knows its works."""
    if not PlannedWork.objects.filter(key=key, in_force=True).exists():
        _say(release, Message("release.waits-for-worker"))
        return None
    if Run.objects.filter(work=key, due_at=now).exists():
        # Another release has ordered the same work in this very look.
        return None
    try:
        return runs.order(key, parameters, by=f"release/{release.pk}", now=now)
    except NotPossible as refused:
        _say(release, refused.said)
        return None


def _say(release: Release, note: Message) -> None:
    if release.note != note:
        release.note = note
        release.save(update_fields=["note"])


class Watch:
    """Looks at what serves since shortly, and takes it back if it turns out bad."""

    def __init__(self, probe: Probe = why_unhealthy) -> None:
        self._probe = probe
        self._failed: dict[int, list[datetime]] = {}

    def look(self, plan: ReleaseChapterPlan, now: datetime) -> None:
        """Look once at every watched release."""
        found = Release.objects.filter(state=Release.State.WATCHED).select_related("artifact", "former")
        watched = list(found)
        self._failed = {each.pk: self._failed.get(each.pk, []) for each in watched}
        for release in watched:
            deployment = plan.deployments.get(release.deployment)
            trouble = self._trouble(release, deployment, now) if deployment is not None else None
            with transaction.atomic():
                ledger.hold()
                current = _locked(release.pk)
                if current.state != Release.State.WATCHED:
                    continue
                if trouble is not None and deployment is not None:
                    self._answer(current, deployment, plan, trouble, now)
                if deployment is None:
                    gone = Message("release.no-longer-bound", name=release.deployment)
                    end(current, Release.State.DONE, gone, now)
                elif current.watched_until is not None and now >= current.watched_until:
                    self._end(current, trouble, now)

    def _end(self, release: Release, trouble: tuple[Message, datetime] | None, now: datetime) -> None:
        """End the watch, unless it goes back: then that ends it."""
        if trouble is None:
            release.checked_at = release.checked_at or now
            end(release, Release.State.DONE, Message("release.stood-the-watch"), now)
        elif not release.undone_by.filter(state__in=_OPEN).exists():
            said = Message("release.did-not-stand", why=trouble[0], name=release.deployment)
            end(release, Release.State.FAILED, said, now)

    def _answer(
        self,
        release: Release,
        deployment: Deployment,
        plan: ReleaseChapterPlan,
        trouble: tuple[Message, datetime],
        now: datetime,
    ) -> None:
        why, since = trouble
        mode = rollback_mode(deployment, plan)
        if mode is Mode.SHADOW:
            _say(release, Message("release.would-go-back", why=why))
            return
        roll_back_watched(release, deployment, plan, why, since, now, acts=mode is Mode.ACT)

    def _trouble(
        self, release: Release, deployment: Deployment, now: datetime
    ) -> tuple[Message, datetime] | None:
        """Return what is wrong and since when; None if nothing is known to be."""
        alert = _critical(deployment.config.targets, release.served_at)
        if alert is not None:
            return Message(
                "release.alert-after-switch", subject=alert.subject, value=alert.value
            ), alert.opened_at
        why = why_unhealthy_there(deployment, settings.HOME, self._probe)
        failed = [*self._failed.get(release.pk, []), now] if why else []
        self._failed[release.pk] = failed
        return (why, failed[0]) if len(failed) >= _FAILED_LOOKS else None


def _critical(targets: Iterable[str], since: datetime | None) -> Alert | None:
    """Return the first critical alert on *targets* that was opened after *since*."""
    wanted = set(targets)
    if since is None or not wanted:
        return None
    found = Alert.objects.filter(condition=Condition.CRITICAL, opened_at__gt=since).order_by("opened_at")
    return next((each for each in found if each.labels.get("target") in wanted), None)
