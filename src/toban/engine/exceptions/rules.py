"""Decisions about exceptions: which end is allowed, and what one covers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toban.engine.amounts import length
from toban.engine.orders import NotPossible
from toban.message import Message

_ABOUT_ORDERS = frozenset(("approval", "exception"))
"""The `item` of alerts that cite a row, and are about what people ordered: nothing allows these."""


class ExceptionState(StrEnum):
    """The state of an exception at a moment."""

    ASKED = "asked"
    """It waits for approval, and covers nothing."""
    IN_FORCE = "in-force"
    ENDED = "ended"
    REJECTED = "rejected"
    """It never was in force: refused, withdrawn, or not answered in time."""


@dataclass(frozen=True, slots=True)
class ExceptionTimes:
    """What decides the state of an exception."""

    granted_at: datetime | None
    ends_at: datetime
    ended_at: datetime | None
    """When it ended before its time."""

    def state(self, now: datetime) -> ExceptionState:
        """Return its state at *now*; its end itself is no longer in force."""
        if self.granted_at is None:
            return ExceptionState.ASKED if self.ended_at is None else ExceptionState.REJECTED
        is_over = self.ended_at is not None or now >= self.ends_at
        return ExceptionState.ENDED if is_over else ExceptionState.IN_FORCE


@dataclass(frozen=True, slots=True)
class CoveringException:
    """An exception in force."""

    number: int
    clause_id: str
    subject: str
    """What it is about within the row (a host, an account, a CVE); empty for the whole row."""
    reason: str
    author: str
    ends_at: datetime
    holds_notices: bool

    def covers(self, clause_id: str, labels: Mapping[str, str]) -> bool:
        """Return whether it covers an alert of *clause_id* with *labels*."""
        is_deviation = labels.get("item") not in _ABOUT_ORDERS
        is_subject = not self.subject or self.subject in labels.values()
        return clause_id == self.clause_id and is_deviation and is_subject


def checked_end(ends_at: datetime | None, reason: str, *, now: datetime, longest: timedelta) -> datetime:
    """Return when an exception ends; raise `NotPossible` without an end or a reason, or if it is too long."""
    if ends_at is None or ends_at <= now:
        raise NotPossible(Message("exceptions.end-missing"), Message("exceptions.give-an-end"))
    if ends_at - now > longest:
        raise NotPossible(
            Message("exceptions.too-long", longest=length(longest)), Message("exceptions.renew-later")
        )
    if not reason.strip():
        raise NotPossible(Message("exceptions.reason-missing"), Message("exceptions.give-a-reason"))
    return ends_at
