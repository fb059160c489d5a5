"""The settings of accounts in `toban.toml`: the systems that have accounts, and how they are looked at."""

from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from typing import Annotated

from pydantic import Field

from toban.design.clauses.base import Clause
from toban.design.clauses.security import AccessReview, AccountRemoval, MfaRule, PasswordPolicy
from toban.design.reader import Design
from toban.engine.bindings.section import Assumed, Section
from toban.engine.bindings.table import single
from toban.engine.bindings.values import ClockTime, Length
from toban.engine.modes.rules import Mode
from toban.message import Message


def _measured(design: Design, *_: object) -> Iterator[Clause]:
    yield from design.of(AccountRemoval)
    yield from design.of(MfaRule)
    yield from design.of(PasswordPolicy)


def _removals(design: Design, *_: object) -> Iterator[Clause]:
    yield from design.of(AccountRemoval)


def _reviews(design: Design, *_: object) -> Iterator[Clause]:
    yield from design.of(AccessReview)


class AccountsBinding(Section):
    """`[accounts.NAME]`: the settings of every kind of system with accounts."""

    owner: str = ""
    """The role that removes accounts there, in the document's words; empty for the managing role."""
    is_production: bool = True
    """Whether what the document demands of 本番 is demanded there."""
    has_passwords: bool = True
    """Whether anybody signs in there with a password of that system."""
    people: Mapping[str, str] = {}
    """Account → the name in `[people]` whose account it is, where it can't be seen from the account."""
    machines: tuple[str, ...] = ()
    """Accounts that no person signs in with; `*` stands for any characters."""
    behind: str = ""
    """The `[accounts.NAME]` that everybody has to sign in to before: its second factor counts here, too."""
    timeout: float = Field(default=30.0, gt=0, le=300)
    """Seconds until all accounts must have been read."""
    mode: Mode = Mode.SHADOW
    """What Toban does about the accounts of those who left: record, ask or lock."""


class AccessBinding(Section):
    """`[access]`: how often systems are looked at, and what counts as old."""

    every: Annotated[Length, Assumed("accounts.assumed-every", Message("accounts.why-every"), _measured)] = (
        timedelta(minutes=10)
    )
    """How often accounts are read."""
    oldest: Annotated[
        Length, Assumed("accounts.assumed-oldest", Message("accounts.why-oldest"), _measured)
    ] = timedelta(days=1)
    """What is older says nothing about now."""
    dormant: Annotated[
        Length, Assumed("accounts.assumed-dormant", Message("accounts.why-dormant"), _reviews)
    ] = timedelta(days=90)
    """Without a sign-in for so long, an account is hardly needed."""
    leaves_at: Annotated[
        ClockTime, Assumed("accounts.assumed-leaves-at", Message("accounts.why-leaves-at"), _removals)
    ] = time(18)
    """When those leave who leave on a day: from then on their accounts are removed."""
    revoked_within: Annotated[
        Length, Assumed("accounts.assumed-revoked-within", Message("accounts.why-revoked-within"), _reviews)
    ] = timedelta(days=3)
    """How soon an account goes that a reviewer has revoked."""


ACCESS = single("access", AccessBinding, AccessBinding())
"""How systems with accounts are looked at."""
