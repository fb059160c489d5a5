"""Accounts, systems and leavers as JSON values."""

from collections.abc import Mapping
from datetime import datetime

from toban.chapters.accounts.models import AccessDecision, AccessRemoval, Leaver, Suspicion
from toban.chapters.accounts.rows.judging import LeaverState
from toban.chapters.accounts.seen import SeenAccount, SeenSystem


def system_values(each: SeenSystem) -> Mapping[str, object]:
    """Return a system and what could not be read of it."""
    return {
        "name": each.name,
        "owner": each.system.config.owner,
        "is_production": each.system.config.is_production,
        "looked_at": _moment(each.looked_at),
        "taken_at": _moment(each.taken_at),
        "trouble": each.trouble.as_output() if each.trouble else None,
        "gaps": [gap.as_output() for gap in each.gaps],
        "accounts": len(each.accounts),
    }


def account_values(system: str, each: SeenAccount) -> Mapping[str, object]:
    """Return an account; null is what its system does not say."""
    found = each.found
    return {
        "system": system,
        "account": found.name,
        "label": found.label,
        "holder": each.holder.kind,
        "person": each.holder.person,
        "grants": list(found.grants),
        "is_privileged": found.is_privileged,
        "is_locked": found.is_locked,
        "has_password": found.has_password,
        "has_factor": found.has_factor,
        "password_changed_at": _moment(found.password_changed_at),
        "oldest_key_at": _moment(found.oldest_key_at),
        "last_used_at": _moment(found.last_used_at),
        "first_seen": each.first_seen.isoformat(),
    }


def leaver_values(each: LeaverState) -> Mapping[str, object]:
    """Return a leaver and what is left of their accounts."""
    return {
        "name": each.name,
        "leaves_at": each.leaves_at.isoformat(),
        "until": each.until.isoformat(),
        "told_at": each.told_at.isoformat(),
        "open": list(each.open),
        "unsure": [{"system": one.system, "account": one.account} for one in each.unsure],
        "removed": each.removed,
        "removed_late": list(each.removed_late),
        "removed_unproven": [said.as_output() for said in each.unproven],
    }


def told_values(each: Leaver) -> Mapping[str, object]:
    """Return a leaver as told."""
    return {
        "name": each.name,
        "accounts": list(each.accounts),
        "leaves_at": each.leaves_at.isoformat(),
        "until": each.until.isoformat(),
    }


def claim_values(each: AccessRemoval) -> Mapping[str, object]:
    """Return whether an account is a leaver's, as somebody said."""
    return {
        "name": each.whose,
        "system": each.system,
        "account": each.account,
        "is_theirs": each.is_theirs,
    }


def decision_values(each: AccessDecision) -> Mapping[str, object]:
    """Return a decision about an account."""
    return {
        "system": each.system,
        "account": each.account,
        "is_kept": each.is_kept,
        "by": each.by,
        "at": each.at.isoformat(),
    }


def suspicion_values(each: Suspicion) -> Mapping[str, object]:
    """Return a suspicious sign-in, why it is one, and what was found about it."""
    return {
        "suspicion": each.pk,
        "system": each.system,
        "account": each.account,
        "rule": each.rule,
        "at": each.at.isoformat(),
        "said": each.said.as_output(),
        "found_at": each.found_at.isoformat(),
        "answered_at": _moment(each.answered_at),
        "answered_by": each.answered_by,
        "remark": each.remark,
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
