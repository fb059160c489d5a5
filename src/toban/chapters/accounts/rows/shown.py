"""What was shown of an account when somebody decided about it: decisions bind to it, as approvals do."""

from collections.abc import Mapping

from toban.chapters.accounts.account import FoundAccount
from toban.chapters.accounts.models import AccessDecision, CollectedAccount
from toban.chapters.accounts.plan import AccountsPlan
from toban.engine.approvals.rules import digest_of


def decided() -> Mapping[tuple[str, str], AccessDecision]:
    """Return the newest decision on each account, by system and name."""
    return {(each.system, each.account): each for each in AccessDecision.objects.order_by("at", "pk")}


def digest_shown(system: str, found: FoundAccount, person: str, decision: AccessDecision | None) -> str:
    """Return the digest of whose an account is, what it may do, and what was decided about it.

    Not of when it was used: that changes while somebody reads it.
    """
    return digest_of(
        {
            "system": system,
            "account": found.name,
            "label": found.label,
            "person": person,
            "grants": sorted(found.grants),
            "rights": [found.is_privileged, found.is_locked, found.has_password, found.has_factor],
            "decision": decision.pk if decision is not None else None,
        }
    )


def shown_now(system: str, account: str, plan: AccountsPlan) -> str:
    """Return the digest of what would be shown of *account* now; empty if it is not there."""
    found = CollectedAccount.objects.there().filter(system=system, name=account).first()
    place = plan.system(system)
    if found is None or place is None:
        return ""
    decision = AccessDecision.objects.filter(system=system, account=account).order_by("at", "pk").last()
    return digest_shown(system, found.found, plan.holder(place, found.found).person, decision)
