"""The document's rows about MFA and passwords, compared with the rules of Toban's own accounts. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.design.clauses.security import MfaRule, PasswordPolicy
from toban.engine.amounts import length
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.people.rules import AccountRules
from toban.message import NOTHING, Message, listing, sentences

_ONLY_HERE = Message("people.only-these-accounts")


@dataclass(frozen=True, slots=True)
class AccountCounts:
    """How many accounts may sign in, and how far they are."""

    active: int
    with_second_factor: int
    to_renew: int
    """Accounts that must choose a new password at their next sign-in."""


def mfa_status(
    row: MfaRule, rules: AccountRules, accounts: AccountCounts, now: datetime, *, is_all: bool = True
) -> StatusUpdate:
    """Return the status of a row about the second factor; *is_all* says that no other system is looked at."""
    if not row.is_required:
        return StatusUpdate(row.id, Verdict.DECLARED, NOTHING, Message("people.factor-is-optional"), now)
    value = Message("people.with-factor", having=accounts.with_second_factor, all=accounts.active)
    if not rules.needs_second_factor:
        return StatusUpdate(row.id, Verdict.DEVIATING, value, Message("people.factor-not-required"), now)
    reason = sentences(Message("people.factor-required"), _ONLY_HERE if is_all else NOTHING)
    return StatusUpdate(row.id, Verdict.CONFORMING, value, reason, now)


def password_status(
    row: PasswordPolicy, rules: AccountRules, accounts: AccountCounts, now: datetime, *, is_all: bool = True
) -> StatusUpdate:
    """Return the status of a row about passwords; *is_all* says that no other system is looked at."""
    asked = _asked(row.min_length, row.classes, _age(row))
    if not asked:
        reason = Message("people.policy-asks-nothing")
        return StatusUpdate(row.id, Verdict.DECLARED, NOTHING, reason, now)
    in_force = _asked(rules.min_length, rules.classes, rules.max_age)
    if not _is_kept(row, rules):
        reason = Message("people.policy-not-kept", asked=asked, in_force=in_force)
        return StatusUpdate(row.id, Verdict.DEVIATING, listing(in_force), reason, now)
    renewing = Message("people.must-renew", accounts=accounts.to_renew) if accounts.to_renew else NOTHING
    reason = sentences(Message("people.policy-in-force"), renewing, _ONLY_HERE if is_all else NOTHING)
    return StatusUpdate(row.id, Verdict.CONFORMING, listing(in_force), reason, now)


def _is_kept(row: PasswordPolicy, rules: AccountRules) -> bool:
    age = _age(row)
    return (
        (row.min_length or 0) <= rules.min_length
        and {*row.classes} <= {*rules.classes}
        and (age is None or (rules.max_age is not None and rules.max_age <= age))
    )


def _age(row: PasswordPolicy) -> timedelta | None:
    return row.expires_after.as_timedelta() if row.expires_after is not None else None


def _asked(min_length: int | None, classes: tuple[str, ...], max_age: timedelta | None) -> list[Message]:
    """Say what is asked of a password, one rule each."""
    asked = [Message("people.password-length", count=min_length)] if min_length else []
    asked += [Message(f"people.password-needs-{kind}") for kind in classes]
    if max_age is not None:
        asked.append(Message("people.password-age", length=length(max_age)))
    return asked
