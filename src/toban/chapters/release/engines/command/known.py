"""The versions that Toban knows, by the names that tools give them."""

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.models import Q

from toban.chapters.release.engine import Artifact
from toban.chapters.release.models import Release, StoredArtifact
from toban.chapters.release.running.artifacts import as_artifact

_SHORTEST = 7
"""Digits of a shortened commit or digest."""


def digest_of(service: str, said: str) -> str:
    """Return the digest of the version that a tool calls *said*; empty if it is none of Toban's."""
    name = said.rpartition("@")[2].removeprefix("sha256:").lower()
    wanted = Q(label=said) | Q(image=said) | Q(digest=f"sha256:{name}")
    if len(name) >= _SHORTEST and not set(name) - set("0123456789abcdef"):
        wanted |= Q(commit__startswith=name) | Q(digest__startswith=name)
    found = StoredArtifact.objects.filter(wanted, service=service).order_by("-id")
    return found.values_list("digest", flat=True).first() or ""


def newest_of(service: str, digests: Iterable[str]) -> Artifact | None:
    """Return the one version with the *digests* as a whole; None if there are several, or none is known."""
    (digest, *others) = {*digests} or {""}
    stored = StoredArtifact.objects.filter(service=service, digest=digest).order_by("-id").first()
    return as_artifact(stored, settings.HOME) if stored is not None and not others else None


def served_here(deployment: str, most: int) -> Sequence[str]:
    """Return the digests that served last, the newest first."""
    served = Release.objects.filter(deployment=deployment, served_at__isnull=False).order_by("-served_at")
    return list(dict.fromkeys(served.values_list("artifact__digest", flat=True)))[:most]
