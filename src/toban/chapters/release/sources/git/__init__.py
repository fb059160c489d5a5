"""Any repository that `git` can fetch from."""

from collections.abc import Iterable
from pathlib import Path

from toban.chapters.release.source import ReleaseSource, SourceKind
from toban.chapters.release.sources.git.config import GitSourceConfig
from toban.engine.trial import Doubt


def _open(config: GitSourceConfig, folder: Path) -> ReleaseSource:
    # Imported late: reading the bindings does not need it.
    from toban.chapters.release.sources.git.source import GitSource  # noqa: PLC0415

    return GitSource(config, folder)


def _doubts(config: GitSourceConfig, folder: Path) -> Iterable[Doubt]:
    from toban.chapters.release.sources.git.source import GitSource  # noqa: PLC0415

    return GitSource(config, folder).doubts()


KIND = SourceKind(GitSourceConfig, _open, _doubts)
"""The settings of `[releases.SERVICE]` with `kind = "git"`."""
