"""The verdicts on documents, and on the rows that order their updates. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from toban.engine.evidence.verdict import Verdict
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message, sentences

_LATE_LOOKS = 3
"""After so many looks that should have been, what the last one found says nothing."""


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """What the newest look at a place has found."""

    name: str
    looked_at: datetime
    trouble: Message = NOTHING
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """A change that a document does not follow yet."""

    said: Message
    at: datetime
    until: datetime
    number: int


@dataclass(frozen=True, slots=True)
class DocumentFound:
    """What is known of a document."""

    name: str
    places: Sequence[PlaceFound]
    """Of those that were looked at."""
    here: str = ""
    """The place that holds its newest words; empty if none does."""
    changed_at: datetime | None = None
    changed_by: str = ""
    unfollowed: Sequence[Unfollowed] = ()
    """The oldest first."""
    read_at: datetime | None = None
    read_by: str = ""
    vanished: Sequence[Message] = ()
    renew_since: datetime | None = None
    """If it is to be renewed at times: it must have been changed or read since."""
    has_followed: bool = False
    """Whether it has ever followed a change, or somebody has said why not."""

    def overdue(self, now: datetime) -> Sequence[Unfollowed]:
        """Return the changes that it should have followed by *now*."""
        return [each for each in self.unfollowed if now >= each.until]

    def looked_long_ago(self, every: timedelta, now: datetime) -> datetime | None:
        """Return when it was last looked at, if that is so long ago that it says nothing any more."""
        newest = max((each.looked_at for each in self.places), default=None)
        return newest if newest is not None and now - newest > every * _LATE_LOOKS else None


def judge(found: DocumentFound, every: timedelta, now: datetime) -> Judgement:
    """Return the verdict on a document: it is in one of its places, and follows what it is about."""
    if not found.places:
        return Judgement(Verdict.NOT_DUE, Message("documents.not-looked-at-yet"))
    if (looked := found.looked_long_ago(every, now)) is not None:
        return Judgement(Verdict.NOT_MEASURABLE, Message("documents.looked-long-ago", at=looked))
    if not found.here:
        return _nowhere(found)
    value = Message("documents.value", at=found.changed_at) if found.changed_at is not None else NOTHING
    proof = {"place": found.here, "changes": [each.number for each in found.unfollowed]}
    if late := found.overdue(now):
        first = late[0]
        said = Message(
            "documents.not-followed", change=first.said, at=first.at, until=first.until, count=len(late)
        )
        return Judgement(Verdict.NOT_PERFORMED, said, value, proof=proof)
    if found.renew_since is not None and _newest(found) < found.renew_since:
        said = Message("documents.not-renewed", since=found.renew_since)
        return Judgement(Verdict.NOT_PERFORMED, said, value, proof=proof)
    said = sentences(_followed(found), _kept(found), _read(found), _vanished(found))
    until = found.unfollowed[0].until if found.unfollowed else None
    return Judgement(Verdict.CONFORMING, said, value, until, proof)


def judge_rule(
    found: Sequence[DocumentFound], unbound: Sequence[str], every: timedelta, now: datetime
) -> Judgement:
    """Return the verdict on a row that orders updates: every document that follows changes does.

    *unbound* are the names of those of which nobody has said where they are kept.
    """
    late = [each for each in found if each.overdue(now)]
    owed = [each for each in found if each.unfollowed]
    value = Message("documents.value-rule", owed=len(owed), late=len(late))
    if late:
        names = tuple(each.name for each in late)
        return Judgement(Verdict.NOT_PERFORMED, Message("documents.rule-late", names=names), value)
    looked = (each for each in found if each.places)
    unseen = (each.name for each in looked if not each.here or each.looked_long_ago(every, now))
    if unknown := (*unseen, *unbound):
        return Judgement(Verdict.NOT_MEASURABLE, Message("documents.rule-unknown", names=unknown), value)
    if any(not each.places for each in found):
        return Judgement(Verdict.NOT_DUE, Message("documents.not-looked-at-yet"), value)
    if owed:
        until = min(each.unfollowed[0].until for each in owed)
        said = Message("documents.rule-owed", names=tuple(each.name for each in owed), until=until)
        return Judgement(Verdict.CONFORMING, said, value, until)
    if not any(each.has_followed for each in found):
        return Judgement(Verdict.NOT_DUE, Message("documents.rule-no-occasion"), value)
    return Judgement(Verdict.CONFORMING, Message("documents.rule-kept"), value)


def local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return *at* in *zone*."""
    return at.astimezone(zone) if at is not None else None


def _nowhere(found: DocumentFound) -> Judgement:
    unread = [each for each in found.places if not each.is_missing]
    worst = (unread or list(found.places))[0]
    verdict = Verdict.NOT_MEASURABLE if unread else Verdict.DEVIATING
    return Judgement(verdict, Message("documents.not-there", place=worst.name, why=worst.trouble))


def _newest(found: DocumentFound) -> datetime:
    known = [at for at in (found.changed_at, found.read_at) if at is not None]
    return max(known, default=min(each.looked_at for each in found.places))


def _followed(found: DocumentFound) -> Message:
    if not found.unfollowed:
        return NOTHING
    first = found.unfollowed[0]
    return Message("documents.to-follow", change=first.said, until=first.until, count=len(found.unfollowed))


def _kept(found: DocumentFound) -> Message:
    return Message("documents.kept-in", place=found.here, by=found.changed_by or "—")


def _read(found: DocumentFound) -> Message:
    if found.read_at is None:
        return Message("documents.never-read")
    return Message("documents.read-by", by=found.read_by, at=found.read_at)


def _vanished(found: DocumentFound) -> Message:
    if not found.vanished:
        return NOTHING
    return Message("documents.vanished", count=len(found.vanished), first=found.vanished[0])
