"""Plain git as a source of releases: `kind = "git"`."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import override

from toban.chapters.release.bindings import ReleaseBinding
from toban.chapters.release.source import Proof, SourceFailed
from toban.chapters.release.sources.git import proofs
from toban.chapters.release.sources.git.config import GitSourceConfig
from toban.chapters.release.sources.git.mirrored import MirroredSource
from toban.engine.git.names import is_usable_name
from toban.engine.git.program import (
    Access,
    Git,
    GitFailed,
    over_https,
    over_ssh,
    protocol_of,
)
from toban.engine.git.trouble import explained
from toban.engine.trial import Doubt
from toban.message import Message

_TRIED_WITHIN = 30.0
_MOST_BRANCHES = 5


class GitSource(MirroredSource):
    """One remote, by way of its mirror. See `ReleaseSource`."""

    def __init__(self, config: GitSourceConfig, folder: Path) -> None:
        super().__init__(config, config.url, folder)
        self._config = config

    @override
    def access(self) -> Access:
        """See `MirroredSource`."""
        config = self._config
        if protocol_of(config.url) == "ssh":
            return over_ssh(config.ssh_key, config.known_hosts)
        return over_https(config.url, config.username, config.token, config.ca_file, config.proxy)

    def proofs(self, commit: str) -> Sequence[Proof]:
        """See `ReleaseSource`."""
        config = self._config
        return (
            self._review(commit),
            proofs.merge(self._bound_branches(commit), config.trunk, config.release_branches),
            proofs.checks(is_bound=bool(config.check)),
        )

    def announce(
        self, commit: str, environment: str, *, is_done: bool | None, said: Message, url: str = ""
    ) -> None:
        """Do nothing: git has no place for it."""

    def doubts(self) -> Iterable[Doubt]:
        """Yield what would keep it from working now."""
        try:
            heads = remote_heads(self._config.url, self.access())
        except GitFailed as error:
            yield explained(error).doubt
            return
        except SourceFailed as error:
            yield error.doubt
            return
        yield from trunk_doubts(heads, self._config)

    def _review(self, commit: str) -> Proof:
        """Look at the commit itself, and at the merge that brought it to the trunk or a release branch."""
        mirror, names = self.mirror, self._config.review_trailers
        itself = mirror.commit(commit)
        brought = mirror.brought(commit)
        # A merge that changes something by itself was written, too.
        written = [*brought, itself] if itself.files or not brought else brought
        own = proofs.review(itself, written, names)
        if own.is_given is not False:
            return own
        for branch in self._bound_branches(commit)[:_MOST_BRANCHES]:
            merge = mirror.merge_of(commit, mirror.resolve(branch))
            by_merge = proofs.review(mirror.commit(merge), [itself], names) if merge else own
            if by_merge.is_given:
                return by_merge
        return own

    def _bound_branches(self, commit: str) -> Sequence[str]:
        """Return the trunk and the release branches that contain *commit*."""
        return bound_branches(self.mirror.containing(commit), self._config)


def bound_branches(names: Iterable[str], config: ReleaseBinding) -> Sequence[str]:
    """Return the trunk and the release branches among *names*, the trunk first."""
    trunk, pattern = config.trunk, config.release_branches
    found = [each for each in names if each == trunk or fnmatchcase(each, pattern)]
    return sorted(found, key=lambda each: (each != trunk, each))


def remote_heads(url: str, access: Access) -> Sequence[str]:
    """Return the branches of *url* by asking it, without any mirror; raise `SourceFailed`."""
    with TemporaryDirectory() as folder:
        asked = ("ls-remote", "--heads", "--end-of-options", url)
        told = Git(Path(folder)).run(*asked, access=access, within=_TRIED_WITHIN).text
    return [line.partition("\trefs/heads/")[2] for line in told.splitlines()]


def trunk_doubts(heads: Sequence[str], config: ReleaseBinding) -> Iterator[Doubt]:
    """Yield what is wrong with the branches of a remote that answers."""
    if not heads:
        yield Message("release-git.empty-repository"), Message("release-git.push-first")
    elif config.trunk not in heads:
        yield (
            Message("release-git.no-trunk", trunk=config.trunk),
            Message("release-git.name-the-trunk", branches=tuple(filter(is_usable_name, heads))[:5]),
        )
