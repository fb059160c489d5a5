"""The extension point for where releases come from: commits, branches, and what proves their way."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from toban.chapters.release.bindings import ReleaseBinding
from toban.engine.bindings.table import kinded
from toban.engine.git.failure import RepositoryFailed
from toban.engine.registry.kinds import KindPoint
from toban.engine.runs.kinds import no_doubts
from toban.engine.trial import Doubt
from toban.message import Message

FIRST_COMMITS = 100
"""Where nothing served before, so many commits are looked at: as many as people would read."""

_CO_AUTHOR = "co-authored-by"

SourceFailed = RepositoryFailed
"""The source can't be asked, or has no such thing: most sources are repositories."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the source."""

    id: str
    """The full hash."""
    author: str
    """Name and address, `Nami <nami@example.com>`: as the source says it, not proven."""
    at: datetime
    subject: str
    trailers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The last paragraph's `Reviewed-by: …`, names in lower case."""
    files: tuple[str, ...] = ()
    """The paths that it changes."""
    committer: str = ""
    """As `author`: who has put it into the history, with whatever changes."""

    @property
    def writers(self) -> tuple[str, ...]:
        """Who had a part in it: author, committer, and those whom it names as authors beside."""
        named = (self.author, self.committer, *self.co_authors)
        return tuple(each for each in dict.fromkeys(named) if each)

    @property
    def co_authors(self) -> tuple[str, ...]:
        """Whom it names as authors beside its own."""
        return self.trailers.get(_CO_AUTHOR, ())


class ProofKind(StrEnum):
    """What is proven about a commit."""

    REVIEW = "review"
    """Somebody else than its author has approved it."""
    MERGE = "merge"
    """It is on the trunk, or on a release branch."""
    CHECKS = "checks"
    """Build and tests have passed on exactly this commit."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the source says about one step of a commit's way."""

    kind: ProofKind
    is_given: bool | None
    """None if the source can't know."""
    said: Message
    """Who reviewed, what failed, or why nothing can be known."""
    at: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class BranchHead:
    """A branch, or a tag, and the commit that it names."""

    name: str
    commit: str


class ReleaseSource(Protocol):
    """Where the versions of one service come from, ready to use."""

    def fetch(self) -> Sequence[BranchHead]:
        """Bring what is new, and return all branches; raise `SourceFailed`."""

    def tags(self) -> Sequence[BranchHead]:
        """Return all tags, as they were at the last `fetch`."""

    def resolve(self, name: str) -> str:
        """Return the full hash that a branch, tag or (shortened) hash names; raise `SourceFailed`."""

    def label(self, commit: str) -> str:
        """Return the version's name for people: its newest tag if it has one, or the short hash."""

    def commits(self, after: str, upto: str) -> Sequence[Commit]:
        """Return the commits that *upto* has and *after* lacks, newest first.

        If *after* is empty, the newest `FIRST_COMMITS` are returned.
        """

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether *newer* contains *older*."""

    def proofs(self, commit: str) -> Sequence[Proof]:
        """Return one proof of each `ProofKind`."""

    def export(self, commit: str, into: Path) -> None:
        """Write the commit's tree into the empty folder *into*; fetches it if it is not here yet."""

    def announce(
        self, commit: str, environment: str, *, is_done: bool | None, said: Message, url: str = ""
    ) -> None:
        """Tell the source how a release of *commit* stands, if it has a place for that; it may be repeated.

        *is_done* is None if it will not be: it has failed, was called off or rolled back. *url*: of its page;
        empty if nobody else could open it.
        """


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source as `toban.toml` names it."""

    config: type[ReleaseBinding]
    open: Callable[[Any, Path], ReleaseSource]
    """Returns the source of a config; the folder is for what it keeps (a clone). Connects not yet."""
    doubts: Callable[[Any, Path], Iterable[Doubt]] = no_doubts
    """Returns what would keep it from working now, by asking it; changes nothing there."""


SOURCE_KINDS = KindPoint("releases", SourceKind)
"""`kind = "…"` of `[releases.SERVICE]`."""

RELEASES = kinded("releases", ReleaseBinding, SOURCE_KINDS, default_kind="git")
"""A service → where its versions come from."""
