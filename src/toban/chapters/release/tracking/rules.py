"""What is new in a source, and what follows from it. Pure."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from toban.chapters.release.source import BranchHead
from toban.chapters.release.tracking.triggers import Trigger, TriggerEvent

_SHORTEST = timedelta(seconds=5)
"""Between two looks at the proofs of one commit."""
_FORGOTTEN_AFTER = timedelta(days=90)
_SHARE = 20
"""Proofs are asked for again when the commit's age has grown by this part: checks end soon or never."""
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class SeenBranch:
    """A branch or a tag, and what has happened to it since it was first seen."""

    name: str
    is_tag: bool
    commit: str
    first_seen_at: datetime
    seen_at: datetime
    """When it last moved."""
    rewritten_at: datetime | None = None
    """When its history was last replaced."""
    rewritten_from: str = ""
    gone_at: datetime | None = None

    @property
    def is_rewritten(self) -> bool:
        """Whether its last move replaced its history."""
        return self.rewritten_at is not None and self.rewritten_at >= self.seen_at


@dataclass(frozen=True, slots=True)
class PastAutomatic:
    """A release that a trigger has ordered."""

    commit: str
    branch: str
    at: datetime


def after_look(
    known: Iterable[SeenBranch],
    heads: Iterable[BranchHead],
    now: datetime,
    contains: Callable[[str, str], bool],
    *,
    are_tags: bool = False,
) -> Sequence[SeenBranch]:
    """Return the branches as they are after a look that found *heads*; forget what is long gone.

    *contains* says of two commits, the older first, whether the newer contains the older. A branch that is
    gone is remembered: one that comes back with another history was rewritten, too.
    """
    former = {each.name: each for each in known}
    found = {each.name: each for each in heads}
    seen = [_seen(former.get(name), head, now, contains, is_tag=are_tags) for name, head in found.items()]
    gone = [
        replace(each, gone_at=each.gone_at or now)
        for name, each in former.items()
        if name not in found and (each.gone_at is None or now - each.gone_at < _FORGOTTEN_AFTER)
    ]
    return [*seen, *gone]


def _seen(
    former: SeenBranch | None,
    head: BranchHead,
    now: datetime,
    contains: Callable[[str, str], bool],
    *,
    is_tag: bool,
) -> SeenBranch:
    if former is None:
        return SeenBranch(head.name, is_tag, head.commit, now, now)
    # One that comes back is a new one.
    first = former.first_seen_at if former.gone_at is None else now
    if former.commit == head.commit:
        return replace(former, first_seen_at=first, gone_at=None)
    moved = replace(former, commit=head.commit, first_seen_at=first, seen_at=now, gone_at=None)
    if not is_tag and contains(former.commit, head.commit):
        return moved
    return replace(moved, rewritten_at=now, rewritten_from=former.commit)


def due_release(
    trigger: Trigger, branches: Iterable[SeenBranch], past: Collection[PastAutomatic], since: datetime
) -> SeenBranch | None:
    """Return the branch or tag whose commit is to be released; None if all that was ordered has been.

    Only the newest counts: what it has overtaken is not released after it. Nothing that was there before
    *since* is released, and no history that was replaced: people look at that first.
    """
    is_tag, is_new = trigger.event is TriggerEvent.TAGGED, trigger.event is not TriggerEvent.MOVED
    candidates = [
        each
        for each in branches
        if each.is_tag == is_tag and each.gone_at is None and fnmatchcase(each.name, trigger.pattern)
    ]
    if not candidates:
        return None
    newest = max(candidates, key=lambda each: (_moment(each, is_new=is_new), natural(each.name)))
    if _moment(newest, is_new=is_new) <= since or (newest.is_rewritten and not is_new):
        return None
    if newest.commit in {each.commit for each in past}:
        return None
    by_it = [each for each in past if each.branch == newest.name and each.at >= newest.first_seen_at]
    return None if is_new and by_it else newest


def _moment(branch: SeenBranch, *, is_new: bool) -> datetime:
    return branch.first_seen_at if is_new else branch.seen_at


def natural(name: str) -> list[tuple[int, str]]:
    """Return the order of names by the numbers in them: release/1.10 comes after release/1.9."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in _DIGITS.split(name)]


def is_look_due(
    asked_at: datetime | None, wanted_at: datetime | None, every: timedelta, now: datetime
) -> bool:
    """Return whether a source is to be asked: its time has come, or it has said that something is new."""
    if asked_at is None or now - asked_at >= every:
        return True
    # At once, but not as often as somebody sends.
    return wanted_at is not None and wanted_at >= asked_at and now - asked_at >= _SHORTEST


def is_proof_due(looked_at: datetime | None, moved_at: datetime, now: datetime) -> bool:
    """Return whether the proofs of a commit that is not proven yet are to be asked for again."""
    if looked_at is None:
        return True
    return now - looked_at >= max(_SHORTEST, (now - moved_at) / _SHARE)


def newest_first(branches: Iterable[SeenBranch]) -> Mapping[str, datetime]:
    """Return the commits of *branches* with when each was first at one's end, the newest first."""
    ordered = sorted((each for each in branches if each.gone_at is None), key=lambda each: each.seen_at)
    return {each.commit: each.seen_at for each in reversed(ordered)}
