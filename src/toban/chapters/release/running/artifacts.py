"""Artefacts: made once for a commit, kept by their digest, the same bytes for every environment."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from toban.chapters.release.deployments import Service
from toban.chapters.release.engine import Artifact
from toban.chapters.release.models import StoredArtifact
from toban.chapters.release.places import folder_of
from toban.chapters.release.running import building
from toban.chapters.release.running.packing import pack
from toban.chapters.release.source import ReleaseSource
from toban.engine.amounts import size
from toban.engine.runs.work import RunTurn, StepFailed
from toban.message import Message

_SPARE = 256 * 1024**2
"""Bytes that stay free in the home: the state database needs room, too."""


def as_artifact(stored: StoredArtifact, home: Path) -> Artifact:
    """Return *stored* as engines take it."""
    archive = archive_of(stored, home)
    found = None if stored.image or not archive.exists() else archive
    return Artifact(stored.service, stored.digest, stored.commit, stored.label, found, stored.image)


def archive_of(stored: StoredArtifact, home: Path) -> Path:
    """Return where the bytes of *stored* are kept, whether or not they are."""
    return folder_of(home, "artifacts", stored.service) / f"{stored.digest}.tar"


def make(service: Service, stored: StoredArtifact, home: Path, turn: RunTurn, now: datetime) -> None:
    """Make the artefact of a commit and keep it; if it is there already, do nothing.

    One that was made before and removed must come out the same, or `StepFailed` is raised: approvals and
    environments know its digest.
    """
    if stored.image or (stored.digest and archive_of(stored, home).exists()):
        return
    with _work_folder(home) as work:
        tree = work / "tree"
        tree.mkdir()
        _require_room(work)
        service.opened(home).export(stored.commit, tree)
        turn.say(Message("release.exported", commit=stored.commit[:12]))
        contents = work / "out" if service.config.build else tree
        if service.config.build:
            building.build(service, stored, tree, contents, turn)
        building.require_size(contents, service)
        packed = work / "artifact.tar"
        digest = pack(contents, packed)
        if stored.digest and stored.digest != digest:
            raise StepFailed(Message("release.not-the-same-bytes", was=stored.digest[:12], now=digest[:12]))
        stored.digest, stored.size, stored.made_at = digest, packed.stat().st_size, now
        stored.removed_at = None
        _put(packed, archive_of(stored, home))
    stored.save(update_fields=["digest", "size", "made_at", "removed_at"])


def check(service: Service, stored: StoredArtifact, home: Path, turn: RunTurn) -> None:
    """Run the bound `check` in the commit's tree; raise `StepFailed` if it fails."""
    with _work_folder(home) as work:
        tree = work / "tree"
        tree.mkdir()
        service.opened(home).export(stored.commit, tree)
        building.check(service, stored, tree, turn)


def described(source: ReleaseSource, service: str, commit: str, now: datetime) -> StoredArtifact:
    """Return the row of the artefact of *commit*; a new one is not saved, and has no bytes yet."""
    found = StoredArtifact.objects.filter(service=service, commit=commit).first()
    if found is not None:
        return found
    label = source.label(commit)
    return StoredArtifact(service=service, commit=commit, label=label[:200], ordered_at=now)


def remove(stored: StoredArtifact, home: Path, now: datetime) -> None:
    """Remove the bytes of *stored* from this home; if they are wanted again, `make` makes them again."""
    archive_of(stored, home).unlink(missing_ok=True)
    stored.removed_at = now
    stored.save(update_fields=["removed_at"])


def _require_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _SPARE:
        raise StepFailed(Message("release.no-room", free=size(free), needed=size(_SPARE)))


def _put(packed: Path, place: Path) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    packed.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _work_folder(home: Path) -> Iterator[Path]:
    """Make a folder next to the artefacts, so that a file moves there at once."""
    root = home / "releases" / "work"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as folder:
        yield Path(folder)
