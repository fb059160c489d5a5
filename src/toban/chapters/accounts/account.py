"""Accounts as the systems tell of them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from toban.message import Message, from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAccount:
    """An account of a system; None is what the system does not say."""

    name: str
    label: str = ""
    """Whose it is, in the system's own words: a full name, a comment."""
    grants: tuple[str, ...] = ()
    """Its groups, roles or policies."""
    is_privileged: bool = False
    """Whether it may change what others may do, or everything."""
    is_locked: bool = False
    """Whether nobody can sign in with it."""
    has_password: bool | None = None
    has_factor: bool | None = None
    password_changed_at: datetime | None = None
    oldest_key_at: datetime | None = None
    """When the oldest of its keys was made; None without keys, too."""
    last_used_at: datetime | None = None
    last_used_from: str = ""
    """The address that it was used from then; empty if the system does not say it."""


@dataclass(frozen=True, slots=True)
class PasswordTerms:
    """What a system demands of new passwords; None is what it leaves open."""

    min_length: int | None = None
    classes: tuple[str, ...] = ()
    """Any of `letters`, `digits`, `symbols`, `upper`, `lower`."""
    max_age: timedelta | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the same as JSON."""
        days = self.max_age.days if self.max_age is not None else None
        return {"min_length": self.min_length, "classes": list(self.classes), "days": days}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "PasswordTerms":
        """Return what `as_json` wrote."""
        days = kept.get("days")
        return cls(
            kept.get("min_length"),
            tuple(kept.get("classes", ())),
            timedelta(days=days) if days is not None else None,
        )


@dataclass(frozen=True, slots=True)
class AccountList:
    """All accounts of a system."""

    accounts: Sequence[FoundAccount]
    taken_at: datetime
    """When it was so: a report may be older than the look at it."""
    terms: PasswordTerms | None = None
    """None if the system does not say what it demands."""
    gaps: Sequence[Message] = ()
    """What could not be read of it, such as the ages of passwords."""


def gaps_of(kept: Sequence[Any]) -> tuple[Message, ...]:
    """Return gaps as they were stored."""
    return tuple(from_json(each) for each in kept)
