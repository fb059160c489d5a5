"""The loop over releases: what is due begins, what has ended is settled, what serves is watched.

Level-triggered: everything is read from the tables, so that a worker that was killed is missed by nobody. All
of it is in the audit log.
"""

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.ordering.approval import Consent, consent
from toban.chapters.release.ordering.orders import end, roll_back_watched
from toban.chapters.release.ordering.records import record
from toban.chapters.release.running.health import Probe, why_unhealthy
from toban.chapters.release.running.instances import why_unhealthy_there
from toban.chapters.release.running.works import artifact_key, take_lock
from toban.engine.evidence import ledger
from toban.engine.modes.rules import Mode
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition
from toban.engine.orders import NotPossible
from toban.engine.runs import orders as runs
from toban.engine.runs.models import PlannedWork, Run
from toban.message import NOTHING, Message

_FAILED_LOOKS = 3
"""Failed looks at a watched version, one after another, that count as trouble."""
_ENDED = {
    Run.State.DONE: Release.State.FAILED,
    Run.State.FAILED: Release.State.FAILED,
    Run.State.MISSED: Release.State.FAILED,
    Run.State.SKIPPED: Release.State.ABORTED,
    Run.State.CANCELLED: Release.State.ABORTED,
}
"""The state of a run → that of its release, which its last step has not ended itself."""

log = structlog.get_logger(__name__)


def look(plan: ReleaseChapterPlan, now: datetime) -> None:
    """Have every release take the next step that is due; each in a transaction of its own."""
    open_states = (Release.State.PLANNED, Release.State.RUNNING)
    for number, name in Release.objects.filter(state__in=open_states).values_list("pk", "deployment"):
        deployment = plan.deployments.get(name)
        with transaction.atomic():
            ledger.hold()
            release = _locked(number)
            if release.state == Release.State.RUNNING:
                _settle(release, now)
            elif release.state == Release.State.PLANNED:
                _advance(release, deployment, plan, now)


def _locked(number: int) -> Release:
    found = Release.objects.select_for_update(of=("self",))
    return found.select_related("artifact", "former", "undoes").get(pk=number)


def _settle(release: Release, now: datetime) -> None:
    """End a release whose run has ended without it."""
    run = Run.objects.filter(pk=release.run).first() if release.run is not None else None
    if run is not None and run.state not in _ENDED:
        return
    state = _ENDED[Run.State(run.state)] if run is not None else Release.State.FAILED
    note = run.note if run is not None else Message("release.run-is-gone")
    end(release, state, release.note or note, now)
    record(release, "release-ended", release.ordered_by, now)


def _advance(
    release: Release, deployment: Deployment | None, plan: ReleaseChapterPlan, now: datetime
) -> None:
    """Bring a planned release as far as it goes: made, approved, begun."""
    if deployment is None:
        end(release, Release.State.ABORTED, Message("release.no-longer-bound", name=release.deployment), now)
        return
    if not release.artifact.digest:
        _have_made(release, now)
        return
    match consent(release, deployment, plan, now):
        case Consent.OVER:
            end(release, Release.State.ABORTED, Message("release.not-approved-in-time"), now)
            record(release, "release-aborted", "toban", now)
        case Consent.GIVEN if now >= release.planned_at:
            _begin(release, deployment, now)


def _have_made(release: Release, now: datetime) -> None:
    """Order the artefact, once; a failed one ends the release."""
    artifact, key = release.artifact, artifact_key(release.service)
    newest = Run.objects.filter(work=key, parameters={"artifact": str(artifact.pk)}).order_by("-pk").first()
    if newest is None or (newest.due_at < release.ordered_at and newest.state in _ENDED):
        _order(release, key, {"artifact": str(artifact.pk)}, now)
    elif newest.state in _ENDED:
        end(release, Release.State.FAILED, newest.note, now)
        record(release, "release-ended", release.ordered_by, now)


def _begin(release: Release, deployment: Deployment, now: datetime) -> None:
    is_back = release.kind in (Release.Kind.ROLLBACK, Release.Kind.DRILL)
    held = DeploymentLock.objects.filter(deployment=deployment.name).first()
    if held is not None and not is_back:
        _say(release, Message("release.waits-for-lock", owner=held.owner, reason=held.reason))
        return
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


def _order(release: Release, key: str, parameters: dict[str, str], now: datetime) -> Run | None:
    """Order the run, or say why not yet: right after a new version no worker knows its works."""
    if not PlannedWork.objects.filter(key=key, in_force=True).exists():
        _say(release, Message("release.waits-for-worker"))
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
        watched = Release.objects.filter(state=Release.State.WATCHED).select_related("artifact", "former")
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
                elif current.watched_until is not None and now >= current.watched_until:
                    self._pass(current, now)

    def _pass(self, release: Release, now: datetime) -> None:
        release.checked_at = release.checked_at or now
        end(release, Release.State.DONE, Message("release.stood-the-watch"), now)
        record(release, "release-ended", release.ordered_by, now)
        self._failed.pop(release.pk, None)

    def _answer(
        self,
        release: Release,
        deployment: Deployment,
        plan: ReleaseChapterPlan,
        trouble: tuple[Message, datetime],
        now: datetime,
    ) -> None:
        why, since = trouble
        if deployment.config.rollback is Mode.SHADOW:
            _say(release, Message("release.would-go-back", why=why))
            return
        back = roll_back_watched(release, deployment, plan, why, since, now)
        if back is not None and deployment.config.rollback is Mode.ASK:
            back.decided_at = None
            back.save(update_fields=["decided_at"])

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
