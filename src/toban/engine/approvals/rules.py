"""Decisions about approvals: who may answer, whether an answer counts, when one is enough. Pure.

Every refusal is a message that says why, and how it is possible instead.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from toban.engine.orders import NotPossible
from toban.message import NOTHING, Message

ASSUMED_WITHIN = timedelta(hours=24)
"""How long a request waits, and a given approval holds, if the bindings say nothing."""

LONGEST_DELEGATION = timedelta(days=31)
"""A longer one is no delegation but a change of the role: that belongs in the document."""


class RequestState(StrEnum):
    """The state of a request for approval."""

    OPEN = "open"
    GRANTED = "granted"
    BROKEN_GLASS = "broken-glass"
    """It went ahead without the approval, in an emergency."""
    REFUSED = "refused"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    """What it was about has changed, or is over."""

    @property
    def lets_act(self) -> bool:
        """Whether what it was asked for may be done."""
        return self in (RequestState.GRANTED, RequestState.BROKEN_GLASS)


@dataclass(frozen=True, slots=True)
class ApprovalTerms:
    """What an act needs before it may begin."""

    role: str
    """Whose approval it needs, in the document's words (運用責任者)."""
    people: int = 1
    """How many different people must approve."""
    within: timedelta = ASSUMED_WITHIN
    """How long the request waits for an answer; a given approval must be used within the same time."""
    is_irreversible: bool = False
    """Whether it can't be undone: those who approve must prove again who they are, on the page."""
    is_time_assumed: bool = False
    """Whether nobody wrote how long."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A human, as far as Toban can tell."""

    account: int
    """The account's number: it stays when the account is renamed."""
    username: str
    marks: frozenset[str] = frozenset()
    """Full names and addresses: two accounts that share one belong to the same human."""

    def is_same_human(self, other: "Identity") -> bool:
        """Return whether both are, as far as Toban can tell, the same human."""
        return self.account == other.account or not self.marks.isdisjoint(other.marks)


def is_one_of(identity: Identity, others: Iterable[Identity]) -> bool:
    """Return whether *identity* is the same human as one of *others*."""
    return any(map(identity.is_same_human, others))


@dataclass(frozen=True, slots=True)
class Ground:
    """Why somebody may answer: they hold the role, as a deputy perhaps, or it was delegated to them."""

    person: str
    """The name in `[people]`."""
    appointed_by: Sequence[Identity] = ()
    """Who made them a deputy, if an account did: by a command on the server, every one that may have."""
    delegated_by: Identity | None = None
    delegation: int | None = None
    deputy: int | None = None
    """The number of the override by which they, or who delegated it to them, hold the role."""

    @property
    def appointers(self) -> list[int]:
        """The accounts of who made them a deputy."""
        return [each.account for each in self.appointed_by]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody may not answer, and the way out."""

    said: Message
    hint: Message = NOTHING

    @property
    def error(self) -> NotPossible:
        """The same as an error."""
        return NotPossible(self.said, self.hint)


@dataclass(frozen=True, slots=True)
class GivenPassword:
    """A password that was given to an account so lately that whoever gave it may be using it."""

    account: str
    """The name of the account."""
    by: Sequence[Identity]
    until: datetime | None
    """From then on the account is its owner's alone; None: its owner has not been told of it yet."""

    def explained(self, refusal: Refusal) -> Refusal:
        """Return *refusal* as one that only they have caused who gave the password."""
        said = {"account": self.account, "by": [each.username for each in self.by], "why": refusal.said}
        if self.until is None:
            owner = Message("approvals.owner-untold", account=self.account)
            return Refusal(Message("approvals.password-given-untold", **said), owner)
        given = Message("approvals.password-given", until=self.until, **said)
        return Refusal(given, Message("approvals.after-the-password", until=self.until))


@dataclass(frozen=True, slots=True)
class Respondent:
    """Somebody who wants to answer, at this moment."""

    identity: Identity
    grounds: Sequence[Ground]
    shown: str
    """The digest of what they were shown."""
    has_proved: bool = False
    """Whether they have just proved again who they are."""
    shell: Sequence[Identity] = ()
    """Whose shell it was, if they answer from one and an account is called like its user."""
    given: GivenPassword | None = None
    """Set if somebody has lately given the account its password."""

    @property
    def identities(self) -> Sequence[Identity]:
        """Everybody who they may be."""
        return (self.identity, *self.shell, *(self.given.by if self.given is not None else ()))


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the rules need to know about a request."""

    state: RequestState
    digest: str
    role: str
    expires_at: datetime
    orderers: Sequence[Identity]
    """Who ordered what it is about; empty for what the document's schedule ordered."""
    approved_by: Sequence[Identity]
    """Who has approved so far."""
    shells: Sequence[Identity] = ()
    """Whose shells those approvals came from, and who had just set the passwords of those accounts: nobody
    approves again in another's name."""
    delegated_by: Sequence[Identity] = ()
    """Who delegated the role to those of them that approved by a delegation."""
    appointed_by: Sequence[Identity] = ()
    """Who made those of them deputies that approved as one."""
    givers: Mapping[int, str] = field(default_factory=dict)
    """Accounts that are among those above only for having given another its password → the name of that."""
    people: int = 1
    is_irreversible: bool = False
    is_current: bool = True
    """Whether document and bindings are still those that the request was made under."""


def digest_of(content: Mapping[str, object]) -> str:
    """Return the digest of what an approval is about: JSON values."""
    written = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()


def why_closed(request: RequestFacts, now: datetime) -> Refusal | None:
    """Return why nobody can answer the request any more, or None."""
    if request.state is not RequestState.OPEN:
        return Refusal(Message(f"approvals.already-{request.state}"), Message("approvals.see-open"))
    # ">=": the end itself is too late, as with every end in Toban.
    if now >= request.expires_at:
        return Refusal(Message("approvals.expired"), Message("approvals.order-again"))
    if not request.is_current:
        return Refusal(Message("approvals.has-changed"), Message("approvals.is-asked-again"))
    return None


def why_not(request: RequestFacts, by: Respondent, now: datetime) -> Refusal | None:
    """Return why *by* may not approve now, or None; proof of identity is checked last."""
    refusal = _why_not(request, by, now)
    if refusal is None or by.given is None or refusal == _why_not(request, replace(by, given=None), now):
        return refusal
    # By themselves they might: what was said is about whoever gave them their password.
    return by.given.explained(refusal)


def _why_not(request: RequestFacts, by: Respondent, now: datetime) -> Refusal | None:
    closed = why_closed(request, now)
    if closed is not None:
        return closed
    if by.shown != request.digest:
        return Refusal(Message("approvals.not-what-was-shown"), Message("approvals.look-again"))
    ask = Message("approvals.ask-another", role=request.role)
    if _is_among(by, request.orderers):
        return Refusal(_said("own-order", by.identities, request.orderers, request.givers), ask)
    approved = (*request.approved_by, *request.shells)
    if _is_among(by, approved):
        return Refusal(_said("approved-already", by.identities, approved, request.givers), ask)
    if not by.grounds:
        return Refusal(
            Message("approvals.does-not-hold-role", role=request.role),
            Message("approvals.take-the-role", role=request.role),
        )
    refusals = [_why_no_ground(each, request, by) for each in by.grounds]
    if all(refusals):
        return refusals[0]
    if request.is_irreversible and not by.has_proved:
        return Refusal(Message("approvals.prove-identity"), Message("approvals.prove-on-page"))
    return None


def _is_among(by: Respondent, others: Collection[Identity]) -> bool:
    return any(is_one_of(mine, others) for mine in by.identities)


def _said(
    code: str, mine: Sequence[Identity], others: Iterable[Identity], givers: Mapping[int, str]
) -> Message:
    """Say that *mine* are among *others*: by themselves, or only for having given one a password."""
    same = [each for each in others if is_one_of(each, mine)]
    if all(each.account in givers for each in same):
        return Message(f"approvals.{code}-by-given-password", account=givers[same[0].account])
    return Message(f"approvals.{code}")


def usable(request: RequestFacts, by: Respondent) -> Ground | None:
    """Return the first of *by*'s grounds that counts for the request."""
    return next((each for each in by.grounds if _why_no_ground(each, request, by) is None), None)


def _why_no_ground(ground: Ground, request: RequestFacts, by: Respondent) -> Refusal | None:
    """Return why a ground does not count: nobody gets the right to approve from those who want it used."""
    ask = Message("approvals.ask-another", role=request.role)
    if _is_among(by, ground.appointed_by):
        return Refusal(Message("approvals.appointed-themselves"), Message("approvals.be-appointed"))
    if any(is_one_of(each, request.orderers) for each in ground.appointed_by):
        return Refusal(Message("approvals.appointed-by-orderer"), ask)
    # Otherwise one person could fill two places, in any order: their own, and that of a deputy they made.
    approved = (*request.approved_by, *request.shells)
    if any(is_one_of(each, approved) for each in ground.appointed_by):
        return Refusal(Message("approvals.appointer-approved"), ask)
    if _is_among(by, request.appointed_by):
        return Refusal(Message("approvals.deputy-approved"), ask)
    giver = ground.delegated_by
    if giver is not None and is_one_of(giver, request.orderers):
        return Refusal(Message("approvals.delegated-by-orderer"), ask)
    # The same with their own place and those of their delegates.
    if giver is not None and is_one_of(giver, approved):
        return Refusal(Message("approvals.delegator-approved"), ask)
    if _is_among(by, request.delegated_by) or (giver is not None and is_one_of(giver, request.delegated_by)):
        return Refusal(Message("approvals.delegate-approved"), ask)
    return None


def is_reached(people: int, approved_by: Iterable[Identity]) -> bool:
    """Return whether enough different people have approved."""
    different: list[Identity] = []
    for each in approved_by:
        if not is_one_of(each, different):
            different.append(each)
    return len(different) >= people


def may_begin(state: RequestState, *, asked: str, wanted: str, expires_at: datetime, now: datetime) -> bool:
    """Return whether the answer to what was *asked* covers what is *wanted* now (digests)."""
    return state.lets_act and asked == wanted and now < expires_at


def checked_end(starts_at: datetime, ends_at: datetime | None, reason: str) -> datetime:
    """Return when a delegation ends; raise `NotPossible` without an end or reason, or if it is too long."""
    if ends_at is None or ends_at <= starts_at:
        raise NotPossible(Message("approvals.delegation-without-end"), Message("approvals.give-an-end"))
    if ends_at - starts_at > LONGEST_DELEGATION:
        longest = Message("approvals.delegation-too-long", days=LONGEST_DELEGATION.days)
        raise NotPossible(longest, Message("approvals.change-the-role"))
    if not reason.strip():
        raise NotPossible(Message("approvals.reason-missing"), Message("approvals.give-a-reason"))
    return ends_at


def why_not_review(
    breakers: Collection[Identity],
    orderers: Collection[Identity],
    reviewers: Sequence[Identity],
    *,
    is_entitled: bool,
    givers: Mapping[int, str],
) -> Refusal | None:
    """Return why *reviewers* may not review what was done without approval, or None.

    *breakers* are who did it, by account and by what their shell tells; *reviewers* the same. *givers*: see
    `RequestFacts`.
    """
    for code, others in (("own-break-glass", breakers), ("own-order", orderers)):
        if any(is_one_of(mine, others) for mine in reviewers):
            return Refusal(_said(code, reviewers, others, givers), Message("approvals.reviewers"))
    if not is_entitled:
        return Refusal(Message("approvals.may-not-review"), Message("approvals.reviewers"))
    return None
