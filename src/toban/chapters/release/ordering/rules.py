"""Decisions about releases: what is refused, what is gone back to, when a watch ends. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from toban.chapters.release.bindings import ReleaseBinding
from toban.chapters.release.source import FIRST_COMMITS, Commit, Proof, ProofKind
from toban.message import NOTHING, Message

_YES = re.compile(r"yes|true|はい|可")


@dataclass(frozen=True, slots=True)
class PastRelease:
    """A release that has served, newest first in a sequence of them."""

    number: int
    artifact: int
    is_bad: bool
    """Whether it was rolled back, or is being rolled back."""


def is_whole(commits: Sequence[Commit], *, former: object | None) -> bool:
    """Return whether *commits* are all that come in where *former* served, so that nobody else wrote any."""
    return former is not None or len(commits) < FIRST_COMMITS


def migrations_in(commits: Iterable[Commit], config: ReleaseBinding) -> Sequence[Commit]:
    """Return those of *commits* that change the schema and don't say that this can be undone."""
    return [each for each in commits if _migrates(each, config) and not _is_reversible(each, config)]


def _migrates(commit: Commit, config: ReleaseBinding) -> bool:
    return any(fnmatchcase(path, pattern) for path in commit.files for pattern in config.migrations)


def _is_reversible(commit: Commit, config: ReleaseBinding) -> bool:
    said = commit.trailers.get(config.reversible_trailer.lower(), ())
    return any(_YES.fullmatch(word.strip().lower()) for word in said)


def target_of(history: Iterable[PastRelease]) -> PastRelease | None:
    """Return the release to go back to: the newest one before the current version that was not bad."""
    served = list(history)
    if not served:
        return None
    current = served[0].artifact
    bad = {each.artifact for each in served if each.is_bad}
    others = (each for each in served[1:] if each.artifact != current and each.artifact not in bad)
    return next(others, None)


def why_unproven(proofs: Iterable[Proof]) -> Message:
    """Say which step of its way a commit lacks; what nobody can know is not held against it."""
    lacking = [each for each in proofs if each.is_given is False]
    if not lacking:
        return NOTHING
    worst = lacking[0]
    return Message(f"release.lacks-{ProofKind(worst.kind)}", why=worst.said)
