"""What has come to an environment since a version served there, or since somebody asked to go back."""

from collections.abc import Sequence

from toban.chapters.release.models import Release, StoredArtifact
from toban.engine.runs.models import Run
from toban.message import NOTHING, Message

_BACK = (Release.Kind.ROLLBACK, Release.Kind.DRILL)


def irreversible_since(target: StoredArtifact, deployment: str) -> Sequence[Release]:
    """Return what can't be undone and came after *target* had served last: its migrations may be there."""
    there = Release.objects.filter(deployment=deployment)
    last = there.filter(artifact=target, served_at__isnull=False).order_by("-pk").first()
    found = there.filter(pk__gt=last.pk if last is not None else 0, is_reversible=False)
    found = found.exclude(kind__in=_BACK).select_related("artifact")
    return [each for each in found if each.served_at is not None or _may_have_migrated(each)]


def _may_have_migrated(release: Release) -> bool:
    """Return whether it has come as far as an engine may migrate: when it installs, or when it switches."""
    return Run.objects.filter(pk=release.run or 0, step__in=("install", "switch", "confirm")).exists()


def why_outdated(back: Release) -> Message:
    """Say why the rollback *back*, on which nobody has decided, is not what was asked; nothing if it is.

    It was asked of what served then, of as many people as it took to go back over what had come by then.
    """
    if back.kind != Release.Kind.ROLLBACK or back.decided_at is not None:
        return NOTHING
    later = Release.objects.filter(deployment=back.deployment, served_at__gt=back.ordered_at)
    if later.exclude(kind=Release.Kind.DRILL).exclude(pk=back.undoes_id or 0).exists():
        return Message("release.serves-another-now", name=back.deployment)
    kept = irreversible_since(back.artifact, back.deployment) if back.is_reversible else ()
    if kept:
        return Message("release.goes-back-over", versions=tuple(each.artifact.label for each in kept))
    return NOTHING
