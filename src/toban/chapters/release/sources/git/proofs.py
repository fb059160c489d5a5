"""What plain git proves about a commit: reviews by trailers, the merge by ancestry. Pure."""

import re
from collections.abc import Sequence

from toban.chapters.release.source import Commit, Proof, ProofKind
from toban.message import Message

_ADDRESS = re.compile(r"<([^<>]*)>")


def review(carrier: Commit, written: Sequence[Commit], names: Sequence[str]) -> Proof:
    """Return the proof that each of the commits *written* is approved by somebody who has not written it.

    The trailers *names* of *carrier* say who approves: of the commit itself, or of the merge that brought it.
    """
    if not names:
        return Proof(ProofKind.REVIEW, None, Message("release-git.reviews-not-recorded"))
    said = [value for name in names for value in carrier.trailers.get(name.lower(), ())]
    if not said:
        return Proof(ProofKind.REVIEW, False, Message("release-git.no-review", trailers=tuple(names)))
    reviewers = {person(each): each for each in said}
    others = [reviewers.keys() - set(map(person, each.writers)) for each in written]
    if not all(others):
        return Proof(ProofKind.REVIEW, False, Message("release-git.own-review", people=tuple(said)))
    people = tuple(reviewers[each] for each in reviewers if any(each in by for by in others))
    return Proof(ProofKind.REVIEW, True, Message("release-git.reviewed-by", people=people), carrier.at)


def merge(branches: Sequence[str], trunk: str, release_branches: str) -> Proof:
    """Return the proof that a commit is on one of *branches*, which are the trunk and release branches."""
    if branches:
        return Proof(ProofKind.MERGE, True, Message("release-git.merged-to", branch=branches[0]))
    return Proof(
        ProofKind.MERGE, False, Message("release-git.not-merged", trunk=trunk, pattern=release_branches)
    )


def checks(*, is_bound: bool) -> Proof:
    """Return what git itself knows of checks: nothing. A bound command's result is kept where it ran."""
    code = "release-git.not-checked-yet" if is_bound else "release-git.no-check-is-bound"
    return Proof(ProofKind.CHECKS, None, Message(code))


def person(named: str) -> str:
    """Return what two writings of one person have in common: the address, or else the name."""
    found = _ADDRESS.search(named)
    return (found[1] if found and found[1].strip() else named).strip().casefold()
