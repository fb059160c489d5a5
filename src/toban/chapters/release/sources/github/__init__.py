"""GitHub, and GitHub Enterprise Server."""

from collections.abc import Iterable
from pathlib import Path

from toban.chapters.release.source import ReleaseSource, SourceKind
from toban.chapters.release.sources.github.config import GitHubSourceConfig
from toban.engine.trial import Doubt


def _open(config: GitHubSourceConfig, folder: Path) -> ReleaseSource:
    # Imported late: reading the bindings does not need it.
    from toban.chapters.release.sources.github.source import GitHubSource  # noqa: PLC0415

    return GitHubSource(config, folder)


def _doubts(config: GitHubSourceConfig, folder: Path) -> Iterable[Doubt]:
    from toban.chapters.release.sources.github.source import GitHubSource  # noqa: PLC0415

    return GitHubSource(config, folder).doubts()


KIND = SourceKind(GitHubSourceConfig, _open, _doubts)
"""The settings of `[releases.SERVICE]` with `kind = "github"`."""
