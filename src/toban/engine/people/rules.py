"""What the document's security chapter requires of accounts: passwords, their age, second factor. Pure."""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toban.design.clauses.security import MfaRule, PasswordPolicy
from toban.design.reader import Design

FLOOR = 12
"""The minimum password length, even if the document sets none or a shorter one."""


ONE_TIME_FOR = timedelta(days=7)
"""How long a one-time password waits for its first sign-in: it may lie in a mailbox, or in a log."""


BEHIND_FOR = timedelta(days=7)
"""How long whoever has set an account's password counts as one who may have signed in with it, from when its
owner was told that it was used."""


class Lack(StrEnum):
    """What a password lacks."""

    LENGTH = "length"
    LETTERS = "letters"
    DIGITS = "digits"
    SYMBOLS = "symbols"
    UPPER = "upper"
    LOWER = "lower"


_SIGNS = {
    Lack.LETTERS: str.isalpha,
    Lack.DIGITS: str.isdigit,
    Lack.SYMBOLS: lambda sign: sign in string.punctuation,
    Lack.UPPER: str.isupper,
    Lack.LOWER: str.islower,
}


@dataclass(frozen=True, slots=True)
class AccountRules:
    """The rules in force, and the rows that require them."""

    min_length: int = FLOOR
    classes: tuple[Lack, ...] = ()
    max_age: timedelta | None = None
    password_citation: str = ""
    needs_second_factor: bool = False
    factor_citation: str = ""

    def lacks(self, password: str) -> Iterator[Lack]:
        """Yield everything that *password* lacks."""
        if len(password) < self.min_length:
            yield Lack.LENGTH
        yield from (kind for kind in self.classes if not any(map(_SIGNS[kind], password)))

    def is_expired(self, changed_at: datetime | None, now: datetime) -> bool:
        """Return whether a password of that age must be changed; an unknown age counts as too old."""
        if self.max_age is None:
            return False
        # ">=": "changed every 90 days" means that the end of the 90th day is the last moment.
        return changed_at is None or now - changed_at >= self.max_age


class Hurdle(StrEnum):
    """What an account must do before it sees anything else."""

    CHANGE_PASSWORD = "change-password"  # noqa: S105 - a name, no password
    """The password is a one-time password, and others may have read it."""
    RENEW_PASSWORD = "renew-password"  # noqa: S105 - a name, no password
    """The document's age limit has passed."""
    ENROL_FACTOR = "enrol-factor"
    """The document requires a second factor and the account has none."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """The facts about an account that the rules use."""

    must_change_password: bool
    password_changed_at: datetime | None
    has_second_factor: bool


def is_one_time_over(*, must_change: bool, issued_at: datetime | None, now: datetime) -> bool:
    """Return whether a password is a one-time password that nobody has used in time."""
    return must_change and issued_at is not None and now - issued_at >= ONE_TIME_FOR


def hurdle(account: AccountState, rules: AccountRules, now: datetime) -> Hurdle | None:
    """Return the first hurdle for *account*; the password comes before the factor, which depends on it."""
    if account.must_change_password:
        return Hurdle.CHANGE_PASSWORD
    if rules.is_expired(account.password_changed_at, now):
        return Hurdle.RENEW_PASSWORD
    if rules.needs_second_factor and not account.has_second_factor:
        return Hurdle.ENROL_FACTOR
    return None


def rules_of(design: Design | None) -> AccountRules:
    """Return what *design* requires: the strictest of several rows, and never less than `FLOOR`.

    Toban itself acts on production, so a row that requires a second factor anywhere requires it here.
    """
    policies = design.of(PasswordPolicy) if design else ()
    factor = next((rule for rule in design.of(MfaRule) if rule.is_required), None) if design else None
    ages = [policy.expires_after.as_timedelta() for policy in policies if policy.expires_after]
    return AccountRules(
        min_length=max([FLOOR, *(policy.min_length or 0 for policy in policies)]),
        classes=tuple(kind for kind in _SIGNS if any(kind in policy.classes for policy in policies)),
        max_age=min(ages, default=None),
        password_citation=str(policies[0].origin) if policies else "",
        needs_second_factor=factor is not None,
        factor_citation=str(factor.origin) if factor else "",
    )
