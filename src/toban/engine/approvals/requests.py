"""Requests for approval: asked, found again, and closed. All in the caller's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from toban.engine.approvals.identity import identities_of, identities_of_shell, identity_of
from toban.engine.approvals.models import ApprovalRequest, BreakGlass
from toban.engine.approvals.rules import (
    ApprovalTerms,
    Identity,
    RequestFacts,
    RequestState,
    digest_of,
    may_begin,
)
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator
from toban.message import Message

_LIVE = (RequestState.OPEN, RequestState.GRANTED, RequestState.BROKEN_GLASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalSubject:
    """An act that needs approval: everything that decides what will be done."""

    subject: str
    """What wants to act: `run/12`."""
    part: str = ""
    title: Message
    facts: tuple[tuple[Message, Message], ...]
    """Label and value pairs: what those who approve are shown."""
    content: Mapping[str, object]
    """JSON values: what the approval binds to, besides the edition and the terms."""
    document_digest: str
    acting_digest: str
    terms: ApprovalTerms
    page: str = ""
    page_arguments: tuple[object, ...] = ()
    clause_id: str = ""
    ordered_by: str = "schedule"
    orderers: tuple[int, ...] = field(default=())
    """The numbers of the accounts that ordered it."""

    @property
    def digest(self) -> str:
        """The digest that an approval binds to."""
        terms = self.terms
        return digest_of(
            {
                "subject": self.subject,
                "part": self.part,
                "content": self.content,
                "document": self.document_digest,
                "bindings": self.acting_digest,
                "terms": [terms.role, terms.people, terms.within.total_seconds(), terms.is_irreversible],
            }
        )


def request_for(wanted: ApprovalSubject, now: datetime) -> ApprovalRequest:
    """Return the live request for exactly *wanted*; ask if there is none.

    One for something else, whose approval has expired or stands no more, or that others order by now, is
    superseded. The caller holds the ledger, so that no two ask at once.
    """
    live = live_request(wanted.subject, wanted.part)
    if live is not None:
        if _still_holds(live, wanted, now):
            return live
        close(live, RequestState.SUPERSEDED, now)
    return ApprovalRequest.objects.create(
        subject=wanted.subject,
        part=wanted.part,
        digest=wanted.digest,
        document_digest=wanted.document_digest,
        acting_digest=wanted.acting_digest,
        title=wanted.title,
        facts=[[label.as_json(), value.as_json()] for label, value in wanted.facts],
        page=wanted.page,
        page_arguments=list(wanted.page_arguments),
        clause_id=wanted.clause_id,
        role=wanted.terms.role,
        people=wanted.terms.people,
        is_irreversible=wanted.terms.is_irreversible,
        is_time_assumed=wanted.terms.is_time_assumed,
        ordered_by=wanted.ordered_by,
        orderers=list(wanted.orderers),
        asked_at=now,
        expires_at=now + wanted.terms.within,
        valid_for=wanted.terms.within,
    )


def _still_holds(live: ApprovalRequest, wanted: ApprovalSubject, now: datetime) -> bool:
    # Whoever has come to order it may be one who approved it, or is about to.
    if not set(wanted.orderers) <= set(live.orderers):
        return False
    state = RequestState(live.state)
    if state is RequestState.OPEN:
        return live.digest == wanted.digest and now < live.expires_at
    is_covered = may_begin(
        state, asked=live.digest, wanted=wanted.digest, expires_at=live.expires_at, now=now
    )
    return is_covered and stands(live)


def live_request(subject: str, part: str | None = None) -> ApprovalRequest | None:
    """Return the request about *subject* that is open or lets it act, or None."""
    found = ApprovalRequest.objects.filter(subject=subject, state__in=_LIVE)
    return (found if part is None else found.filter(part=part)).order_by("-pk").first()


def stands(request: ApprovalRequest) -> bool:
    """Return whether those who let *request* act still count: nobody was locked out since."""
    if request.state == RequestState.BROKEN_GLASS:
        return request.broken.stands
    is_granted = request.state == RequestState.GRANTED
    return not is_granted or request.answers.standing().count() >= request.people


def close(request: ApprovalRequest, state: RequestState, now: datetime) -> None:
    """Give the request its final state."""
    request.state, request.decided_at = state, now
    request.save(update_fields=["state", "decided_at"])


def supersede(subject: str, now: datetime, *, keep: tuple[str, ...] = ()) -> None:
    """Close everything that is live about *subject*, except for the parts to *keep*."""
    live = ApprovalRequest.objects.filter(subject=subject, state__in=_LIVE).exclude(part__in=keep)
    live.update(state=RequestState.SUPERSEDED, decided_at=now)


def went_ahead(clause_ids: Iterable[str]) -> Mapping[str, Message]:
    """Return which of these rows deviate: an act of theirs went ahead without approval, and is unreviewed."""
    found = BreakGlass.objects.filter(reviewed_at=None, request__clause_id__in=list(clause_ids))
    return {
        each.request.clause_id: Message("approvals.unreviewed", by=each.by, reason=each.reason)
        for each in found.select_related("request").order_by("-pk")
    }


def is_current(request: ApprovalRequest, edition: Edition) -> bool:
    """Return whether document and bindings are those that the request was made under."""
    now_in_force = edition.design.digest, edition.bindings.acting_digest
    return (request.document_digest, request.acting_digest) == now_in_force


def facts_of(request: ApprovalRequest, edition: Edition) -> RequestFacts:
    """Return what the rules need to know about *request*, as things stand.

    The answers of accounts that have been locked out or removed don't count.
    """
    given = request.answers.standing()
    counted = [
        each for each in given.select_related("account", "delegation__giver") if each.account is not None
    ]
    givers = [each.delegation.giver for each in counted if each.delegation is not None]
    appointers = {number for each in counted for number in each.appointers}
    setters = {number: each.username for each in counted for number in each.setters}
    shells = [found for each in counted for found in identities_of_shell(edition, each.shell_user)]
    return RequestFacts(
        state=RequestState(request.state),
        digest=request.digest,
        role=request.role,
        expires_at=request.expires_at,
        orderers=orderers_of(request, edition),
        approved_by=[
            identity_of(edition, each.account, each.marks) for each in counted if each.account is not None
        ],
        shells=[*shells, *identities_of(edition, setters)],
        delegated_by=[identity_of(edition, each) for each in givers],
        appointed_by=identities_of(edition, appointers),
        givers=givers_of(request, setters, [each.account_id for each in counted]),
        people=request.people,
        is_irreversible=request.is_irreversible,
        is_current=is_current(request, edition),
    )


def orderers_of(request: ApprovalRequest, edition: Edition) -> Sequence[Identity]:
    """Return who ordered it: as they are known now, and as they were when it was asked."""
    return identities_of(edition, request.orderers, request.orderer_marks)


def givers_of(
    request: ApprovalRequest, gave: Mapping[int, str], acted: Collection[int | None]
) -> Mapping[int, str]:
    """Return who is behind it only for having given another a password, and to which account.

    They are those who *gave* one to who answered, and those who did to who ordered; not who *acted* too.
    """
    ordered = Operator.objects.in_bulk(list(request.orderers)).values()
    own = {each.pk for each in ordered if each.username == request.ordered_by}.union(acted)
    to_orderers = {number: each.username for each in ordered for number in each.password_setters}
    return {number: account for number, account in {**gave, **to_orderers}.items() if number not in own}
