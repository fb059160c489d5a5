"""The bound commands of a service, in a commit's tree, and how much they may write."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from toban.chapters.release.deployments import Service
from toban.chapters.release.models import StoredArtifact
from toban.engine.amounts import size
from toban.engine.runs.commands.command import LocalCommand, environment
from toban.engine.runs.rules import RunReason
from toban.engine.runs.steps.hearing import PassedOn
from toban.engine.runs.work import RunTurn, StepFailed
from toban.message import Message

_LOOKS_AGAIN = 2.0
"""Seconds between two looks at what a build has written."""


def build(service: Service, stored: StoredArtifact, tree: Path, out: Path, turn: RunTurn) -> None:
    """Have the bound `build` write into *out*; it is ended once that is larger than the bound `largest`."""
    out.mkdir()
    watch = _Watch(turn, out, service.config.largest)
    command = LocalCommand(service.config.build, tree, {**_told(stored), "RELEASE_OUT": str(out)})
    try:
        command.run(watch, environment(turn))
    except StepFailed:
        if watch.is_over:
            # Whatever it would still have written: it is too large already.
            require_size(out, service)
        raise
    if not any(out.iterdir()):
        raise StepFailed(Message("release.build-wrote-nothing"))


def check(service: Service, stored: StoredArtifact, tree: Path, turn: RunTurn) -> None:
    """Run the bound `check`; raise `StepFailed` if it fails."""
    LocalCommand(service.config.check, tree, _told(stored))(turn)


def require_size(folder: Path, service: Service) -> None:
    """Raise `StepFailed` if what is to be released is larger than the bound `largest`."""
    found = _bytes_in(folder)
    if found > service.config.largest:
        largest = size(service.config.largest)
        said = Message("release.too-large", service=service.name, found=size(found), largest=largest)
        raise StepFailed(said, RunReason.NOT_RUNNABLE)


@dataclass
class _Watch(PassedOn[RunTurn]):
    """The turn of a build, which is also stopped once it has written too much."""

    out: Path
    largest: int
    is_over: bool = False
    looked_at: float = field(default_factory=time.monotonic)

    def why_stop(self) -> RunReason | None:
        if (stop := self.turn.why_stop()) is not None:
            return stop
        if time.monotonic() - self.looked_at >= _LOOKS_AGAIN:
            self.is_over = _bytes_in(self.out) > self.largest
            self.looked_at = time.monotonic()
        return RunReason.NOT_RUNNABLE if self.is_over else None


def _bytes_in(folder: Path) -> int:
    """Return the bytes of all files below *folder*, as far as they can be seen: a build may be at work."""
    found = 0
    for where, _folders, names in folder.walk(on_error=None):
        for name in names:
            try:
                found += (where / name).lstat().st_size
            except FileNotFoundError:
                continue
    return found


def _told(stored: StoredArtifact) -> dict[str, str]:
    return {"RELEASE_COMMIT": stored.commit, "RELEASE_VERSION": stored.label}
