"""Which artefacts the home keeps: those that may be wanted soon. The others can be made again."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan, Service
from toban.chapters.release.models import Release, StoredArtifact
from toban.chapters.release.running.artifacts import remove

_YOUNG = timedelta(days=1)
"""Whatever was made since then stays: somebody may be planning with it."""
_OPEN = (Release.State.PLANNED, Release.State.RUNNING, Release.State.WATCHED)


def clear(plan: ReleaseChapterPlan, home: Path, now: datetime) -> None:
    """Remove the bytes of versions that no environment is to go forth or back to."""
    for name, service in plan.services.items():
        if plan.of(name):
            _clear(service, plan, home, now)


def _clear(service: Service, plan: ReleaseChapterPlan, home: Path, now: datetime) -> None:
    kept = set(
        Release.objects.filter(service=service.name, state__in=_OPEN).values_list("artifact", flat=True)
    )
    for deployment in plan.of(service.name):
        kept |= set(_served(deployment))
    made = StoredArtifact.objects.filter(service=service.name, made_at__lt=now - _YOUNG, removed_at=None)
    for stored in made.exclude(pk__in=kept):
        remove(stored, home, now)


def _served(deployment: Deployment) -> Iterator[int]:
    """Yield the artefacts that were brought there last, as many as stay installed."""
    found = Release.objects.filter(deployment=deployment.name, served_at__isnull=False)
    good = found.exclude(state=Release.State.ROLLED_BACK).order_by("-served_at")
    newest = dict.fromkeys(good.values_list("artifact", flat=True))
    yield from list(newest)[: deployment.config.keep]
