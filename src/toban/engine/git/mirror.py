"""A bare mirror of a remote in Toban's home: brought up to date in one piece, read without trusting it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from toban.engine.git.failure import RepositoryFailed
from toban.engine.git.program import Access, Git
from toban.message import Message

_WAIT = 0.2
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_SHALLOW = "shallow"


@dataclass(frozen=True, slots=True)
class BareMirror:
    """The mirror in *folder*; any process and thread may use it."""

    folder: Path

    @property
    def git(self) -> Git:
        """Git, in the bare repository."""
        return Git(self.folder / "mirror.git")

    def fetch(self, url: str, access: Access, within: float) -> None:
        """Bring all branches and tags of *url*, and forget those that are gone there."""
        with self._alone(within):
            self._make()
            self._remove_leftovers()
            git = self.git
            answer = git.run(
                "fetch", "--prune", "--force", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
                "--no-recurse-submodules", "--end-of-options", url, *_REFSPECS,
                access=access, within=within,
            )  # fmt: skip
            if _SHALLOW in answer.words:
                raise RepositoryFailed(
                    Message("release-git.shallow"), Message("release-git.unshallow"), retry=False
                )
            # Commits that nobody refers to any more stay: they may be serving.
            with suppress(RepositoryFailed):
                git.run("-c", "gc.auto=2000", "-c", "gc.pruneExpire=never", "gc", "--auto", "--quiet",
                        "--no-detach", within=within)  # fmt: skip

    def _make(self) -> None:
        """Make the empty repository, unless it is there: what a killed process left is completed."""
        self.git.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self.git.folder / "objects" / "pack").is_dir() or not (self.git.folder / "HEAD").is_file():
            self.git.run("init", "--bare", "--quiet", "--template=", "--initial-branch=none")

    def _remove_leftovers(self) -> None:
        """Remove the locks and half packs of a fetch that was killed: nobody else is at work here."""
        for found in (*self.git.folder.glob("*.lock"), *self.git.folder.glob("refs/**/*.lock"),
                      *self.git.folder.glob("objects/pack/tmp_*")):  # fmt: skip
            found.unlink(missing_ok=True)

    @contextmanager
    def _alone(self, within: float) -> Iterator[None]:
        """Keep other processes and threads from fetching at the same time."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + within
        try:
            while True:
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise RepositoryFailed(Message("release-git.fetched-elsewhere")) from None
                    time.sleep(_WAIT)
            yield
        finally:
            os.close(held)
