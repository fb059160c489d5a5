"""What an account may do about a request at this moment, and why not."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from toban.engine.approvals.delegations import grounds_of
from toban.engine.approvals.identity import (
    identities_of,
    identities_of_shell,
    identity_of,
)
from toban.engine.approvals.models import ApprovalRequest, BreakGlass
from toban.engine.approvals.requests import facts_of, givers_of, orderers_of
from toban.engine.approvals.rules import (
    GivenPassword,
    Refusal,
    Respondent,
    is_one_of,
    why_closed,
    why_not,
    why_not_review,
)
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.people.access import may_order, own_from, who_set_password
from toban.engine.people.models import Operator, OperatorRole
from toban.message import Message


def why_not_approve(
    request: ApprovalRequest, account: Operator, edition: Edition, now: datetime
) -> Refusal | None:
    """Return why *account* may not approve *request* now, or None; proof of identity is left out."""
    return why_not_each(request, [account], edition, now)[account]


def why_not_each(
    request: ApprovalRequest, accounts: Iterable[Operator], edition: Edition, now: datetime
) -> Mapping[Operator, Refusal | None]:
    """Return `why_not_approve` for each of *accounts*: what they answer to is read once."""
    facts = facts_of(request, edition)
    return {
        each: why_not(
            facts,
            respondent_of(request, each, edition, now, shown=request.digest, has_proved=True),
            now,
        )
        for each in accounts
    }


def why_not_break_glass(
    request: ApprovalRequest, account: Operator, edition: Edition, now: datetime
) -> Refusal | None:
    """Return why *account* may not go ahead without approval, or None; proof of identity is left out."""
    if not account.is_active or not may_order(account):
        return Refusal(Message("approvals.viewers-break-nothing"), Message("approvals.who-breaks-glass"))
    return why_closed(facts_of(request, edition), now)


def why_not_reviewed_by(
    found: BreakGlass, account: Operator, edition: Edition, now: datetime, *, shell_user: str = ""
) -> Refusal | None:
    """Return why *account* may not review *found*, or None; *shell_user*: if they do so from a shell."""
    # A user of the system that many people share says nothing.
    if identities_of_shell(edition, found.shell_user) and shell_user == found.shell_user:
        return Refusal(Message("approvals.same-shell-user", user=shell_user), Message("approvals.reviewers"))
    by = respondent_of(found.request, account, edition, now, shown="", has_proved=True, shell_user=shell_user)
    refusal = _why_not_reviewed(found, account, by, edition)
    if refusal is None or by.given is None:
        return refusal
    own = _why_not_reviewed(found, account, replace(by, given=None), edition)
    return refusal if refusal == own else by.given.explained(refusal)


def _why_not_reviewed(
    found: BreakGlass, account: Operator, by: Respondent, edition: Edition
) -> Refusal | None:
    breakers = [*identities_of_shell(edition, found.shell_user), *identities_of(edition, found.setters)]
    if found.account is not None:
        breakers.append(identity_of(edition, found.account, found.marks))
    # Only one's own hold on the role counts: a delegate was chosen by somebody else, and so was a deputy whom
    # somebody made one who wants the review, or wants to review.
    orderers = orderers_of(found.request, edition)
    choosing = (*by.identities, *breakers, *orderers)
    holds = any(
        each.delegated_by is None
        and not any(is_one_of(appointer, choosing) for appointer in each.appointed_by)
        for each in by.grounds
    )
    is_manager = account.is_active and account.operator_role == OperatorRole.MANAGER
    if account.role_set_at is not None and account.role_set_at >= found.request.asked_at:
        # Nor somebody whom they have made a manager for it.
        is_manager &= not any(
            is_one_of(each, choosing) for each in identities_of(edition, account.role_setters)
        )
    givers = givers_of(found.request, dict.fromkeys(found.setters, found.by), [found.account_id])
    return why_not_review(breakers, orderers, by.identities, is_entitled=holds or is_manager, givers=givers)


def respondent_of(
    request: ApprovalRequest,
    account: Operator,
    edition: Edition,
    now: datetime,
    *,
    shown: str,
    has_proved: bool,
    shell_user: str = "",
) -> Respondent:
    """Return *account* as somebody who wants to answer *request*; *shell_user*: if by a command."""
    grounds = grounds_of(edition, request.role, account, now)
    shell = identities_of_shell(edition, shell_user)
    given = _given_password(edition, account)
    return Respondent(identity_of(edition, account), grounds, shown, has_proved, shell, given)


def _given_password(edition: Edition, account: Operator) -> GivenPassword | None:
    by, until = who_set_password(account, system_clock()), own_from(account)
    if not by:
        return None
    local = until.astimezone(edition.bindings.system.zone) if until is not None else None
    return GivenPassword(account.username, identities_of(edition, by), local)
