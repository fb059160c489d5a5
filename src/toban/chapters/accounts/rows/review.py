"""What is shown to those who review who has access: every system, what changed since, and what is odd."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from toban.chapters.accounts.joining import HolderKind
from toban.chapters.accounts.models import AccessDecision, CollectedAccount
from toban.chapters.accounts.operation import OPERATION
from toban.chapters.accounts.plan import AccountsPlan
from toban.chapters.accounts.removing import is_last_privileged
from toban.chapters.accounts.seen import SeenAccount, SeenSystem, seen
from toban.design.acts import same_acts
from toban.design.clauses.security import AccessReview
from toban.engine.amounts import length
from toban.engine.extension import Link
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.message import NOTHING, Message, plain, sentences

_MOST_GONE = 50
_PAGE = Message("accounts.page")


def facts(occasion: TaskOccasion, now: datetime) -> Sequence[TaskFact]:
    """Return the sheet of a review; those with privileges are decided on one by one before it is signed."""
    if not _is_review(occasion):
        return ()
    plan = occasion.edition.plan(OPERATION)
    decided = decisions(occasion.due_at)
    return tuple(
        fact
        for system in seen(plan)
        for fact in (
            # What is odd about Toban's own accounts is shown by those who keep them.
            _of_own(system, plan, decided, now)
            if system.system.is_own
            else _of_system(system, plan, occasion, decided, now)
        )
    )


def decisions(since: datetime) -> dict[tuple[str, str], AccessDecision]:
    """Return the newest decision on each account since a review was due."""
    found = AccessDecision.objects.filter(at__gte=since).order_by("at", "pk")
    return {(each.system, each.account): each for each in found}


def _is_review(occasion: TaskOccasion) -> bool:
    """Return whether the row orders a review of access: by itself, or with a row of chapter 8."""
    acts = (act for act in same_acts(occasion.edition.design) if act.leading.id == occasion.clause.id)
    return isinstance(occasion.clause, AccessReview) or any(
        isinstance(row, AccessReview) for act in acts for row in act.others
    )


def _of_system(
    system: SeenSystem,
    plan: AccountsPlan,
    occasion: TaskOccasion,
    decided: dict[tuple[str, str], AccessDecision],
    now: datetime,
) -> Iterator[TaskFact]:
    link = Link("accounts", _PAGE, query=f"system={system.name}")
    if why := system.why_unknown(plan.access.oldest, now):
        yield TaskFact(plain(system.name), why, is_exception=True, link=link)
        return
    for gap in system.gaps:
        yield TaskFact(plain(system.name), gap, is_exception=True, link=link)
    new = [each.found.name for each in system.accounts if each.first_seen >= occasion.since]
    gone = _gone(system.name, occasion.since)
    told = Message("accounts.fact-system", count=len(system.accounts), appeared=len(new), gone=len(gone))
    yield TaskFact(plain(system.name), told, link=link)
    for each in system.accounts:
        odd = oddities(each, plan, occasion.since, now)
        if not odd:
            continue
        decision = _standing(each, decided.get((system.name, each.found.name)))
        said = sentences(_who(each), *odd, _decided(decision))
        is_open = each.found.is_privileged and not each.found.is_locked and decision is None
        yield TaskFact(
            plain(f"{system.name}: {each.found.name}"),
            said,
            is_exception=True,
            link=link,
            is_undecided=is_open,
        )
    if gone:
        yield TaskFact(plain(system.name), Message("accounts.fact-gone", names=gone[:_MOST_GONE]), link=link)


def _of_own(
    system: SeenSystem, plan: AccountsPlan, decided: dict[tuple[str, str], AccessDecision], now: datetime
) -> Iterator[TaskFact]:
    """Yield the managers of Toban itself: each is kept or revoked, but for the last."""
    link = Link("accounts", _PAGE, query=f"system={system.name}")
    if why := system.why_unknown(plan.access.oldest, now):
        yield TaskFact(plain(system.name), why, is_exception=True, link=link)
    for each in system.accounts:
        if not each.found.is_privileged or each.found.is_locked:
            continue
        decision = _standing(each, decided.get((system.name, each.found.name)))
        is_last = is_last_privileged(system.system, each.found.name, plan, now)
        said = Message("accounts.fact-stays") if is_last else _decided(decision)
        yield TaskFact(
            plain(f"{system.name}: {each.found.name}"),
            sentences(_who(each), Message("people.fact-privileged"), said),
            is_exception=decision is None and not is_last,
            link=link,
            is_undecided=decision is None and not is_last,
        )


def _standing(each: SeenAccount, decision: AccessDecision | None) -> AccessDecision | None:
    """Return the decision if it still counts: it was about what the account could do then."""
    return None if decision is not None and decision.at < each.changed_at else decision


def oddities(each: SeenAccount, plan: AccountsPlan, since: datetime, now: datetime) -> Collection[Message]:
    """Return what somebody must look at in an account; nothing if nothing is."""
    found = each.found
    if found.is_locked:
        return ()
    used = found.last_used_at
    is_dormant = used is not None and now - used >= plan.access.dormant
    odd = (
        Message("people.fact-new") if each.first_seen >= since else NOTHING,
        Message("accounts.fact-changed") if since <= each.changed_at and each.first_seen < since else NOTHING,
        Message("people.fact-privileged") if found.is_privileged else NOTHING,
        Message("people.fact-no-factor") if found.has_factor is False and each.is_of_person else NOTHING,
        Message("people.fact-nobody") if each.holder.kind is HolderKind.NOBODY else NOTHING,
        Message("accounts.fact-dormant", length=length(plan.access.dormant)) if is_dormant else NOTHING,
    )
    return tuple(filter(None, odd))


def _who(each: SeenAccount) -> Message:
    return Message(
        "accounts.fact-account",
        grants=list(each.found.grants) or "—",
        person=each.holder.person or "—",
        # Of days, not of minutes: what changes while somebody reads it can't be signed.
        seen=each.found.last_used_at.date() if each.found.last_used_at is not None else "—",
    )


def _decided(decision: AccessDecision | None) -> Message:
    if decision is None:
        return NOTHING
    return Message("accounts.fact-kept" if decision.is_kept else "accounts.fact-revoked", by=decision.by)


def _gone(system: str, since: datetime) -> Sequence[str]:
    found = CollectedAccount.objects.filter(system=system, ended_at__gte=since).order_by("name")
    return list(found.values_list("name", flat=True).distinct())
