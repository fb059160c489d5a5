"""What a source does that has its history in a git repository, whoever says where that is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from toban.chapters.release.source import BranchHead, Commit
from toban.chapters.release.sources.git.config import RemoteConfig
from toban.chapters.release.sources.git.export import export
from toban.chapters.release.sources.git.mirror import Mirror
from toban.engine.git.program import Access, GitFailed
from toban.engine.git.trouble import explained


class MirroredSource(ABC):
    """The history and the trees of a remote, by way of its mirror. See `ReleaseSource`."""

    def __init__(self, config: RemoteConfig, remote: str, folder: Path) -> None:
        self._remote = remote
        self._within = config.fetch_within.total_seconds()
        self.mirror = Mirror(folder)

    @abstractmethod
    def access(self) -> Access:
        """Return how the remote is reached."""

    def fetch(self) -> Sequence[BranchHead]:
        """See `ReleaseSource`."""
        try:
            self.mirror.fetch(self._remote, self.access(), self._within)
        except GitFailed as error:
            raise explained(error) from error
        return self.mirror.heads()

    def tags(self) -> Sequence[BranchHead]:
        """See `ReleaseSource`."""
        return self.mirror.tags()

    def resolve(self, name: str) -> str:
        """See `ReleaseSource`."""
        return self.mirror.resolve(name)

    def label(self, commit: str) -> str:
        """See `ReleaseSource`."""
        return self.mirror.label(commit)

    def commits(self, after: str, upto: str) -> Sequence[Commit]:
        """See `ReleaseSource`."""
        return self.mirror.commits(after, upto)

    def is_ancestor(self, older: str, newer: str) -> bool:
        """See `ReleaseSource`."""
        return self.mirror.is_ancestor(older, newer)

    def export(self, commit: str, into: Path) -> None:
        """See `ReleaseSource`. The look that has found *commit* may have been another node's."""
        if not self.mirror.has(commit):
            self.fetch()
        self.mirror.require(commit)
        export(self.mirror.git, commit, into)
