"""What a bill charges for a day. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

MICRO = Decimal(1_000_000)
"""Amounts are kept in millionths, as whole numbers: sums of them are exact on every database."""
MOST = Decimal(1_000_000_000_000)
"""A larger amount is no cost of one day."""


class ChargeKind(StrEnum):
    """Why something is charged; only what is used goes on from day to day."""

    USAGE = "usage"
    RECURRING = "recurring"
    """A fee that comes again each month."""
    ONCE = "once"
    """A purchase, a refund or a correction of earlier charges."""
    TAX = "tax"
    CREDIT = "credit"


class Commitment(StrEnum):
    """Whether a charge is for something that was committed to for a term (リザーブド)."""

    NONE = ""
    USED = "used"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True, order=True)
class ChargeKey:
    """What the charges of one day are told apart by."""

    service: str
    account: str = ""
    tag: str = ""
    """The value of the tag that `[costs] tag` names."""
    kind: ChargeKind = ChargeKind.USAGE
    commitment: Commitment = Commitment.NONE
    currency: str = "JPY"


@dataclass(frozen=True, slots=True)
class Charge:
    """What one key has cost on one day, in its currency."""

    key: ChargeKey
    billed: Decimal
    effective: Decimal
    """With fees of a term spread over what they cover; the same as *billed* if the bill does not say."""
    listed: Decimal
    """At public prices; the same as *effective* if the bill does not say."""
    hours: Decimal = Decimal(0)
    """Of instances that were used, where the bill counts hours."""
    by_hour: Decimal = Decimal(0)
    """The part of *effective* that is charged for these hours."""

    def added_to(self, other: "Charge | None") -> "Charge":
        """Return this charge with *other* of the same key."""
        if other is None:
            return self
        return Charge(
            self.key,
            self.billed + other.billed,
            self.effective + other.effective,
            self.listed + other.listed,
            self.hours + other.hours,
            self.by_hour + other.by_hour,
        )

    def kept(self) -> tuple[int, int, int, int, int]:
        """Return the amounts as they are kept, then the hours and what they have cost."""
        return (
            micros(self.billed),
            micros(self.effective),
            micros(self.listed),
            micros(self.hours),
            micros(self.by_hour),
        )


type DayCharges = Mapping[date, Sequence[Charge]]


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill as it was read."""

    days: DayCharges
    made_at: datetime | None
    """When whoever writes it last wrote it: nothing later can be in it. None if nobody can say."""
    rows: int


def micros(amount: Decimal) -> int:
    """Return *amount* in millionths."""
    return int((amount * MICRO).to_integral_value())


def digest_of(charges: Sequence[Charge]) -> str:
    """Return what changes when anything about a day changes."""
    said = sorted((*map(str, _parts(each.key)), *map(str, _told(each))) for each in charges)
    return sha256(repr(said).encode()).hexdigest()


def _told(charge: Charge) -> tuple[int, ...]:
    *amounts, hours, by_hour = charge.kept()
    # What counts no hours is told as it was before they were kept: it is no correction.
    return (*amounts, hours, by_hour) if hours else tuple(amounts)


def _parts(key: ChargeKey) -> tuple[str, ...]:
    return (key.service, key.account, key.tag, key.kind, key.commitment, key.currency)
