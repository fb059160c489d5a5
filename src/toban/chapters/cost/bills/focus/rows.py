"""What a row of FOCUS means. Pure."""

from collections.abc import Mapping
from typing import Any

from toban.chapters.cost.bill import BillUnknown
from toban.chapters.cost.charge import Charge, ChargeKey, ChargeKind, Commitment
from toban.message import Message

_COMMITMENTS = {"used": Commitment.USED, "unused": Commitment.UNUSED}
_LONGEST = 200


def charge_of(row: Mapping[str, Any]) -> Charge:
    """Return the charge of a summed row; raise `BillUnknown` for a word that FOCUS does not have."""
    key = ChargeKey(
        service=row["ServiceName"][:_LONGEST],
        account=row["account"][:_LONGEST],
        tag=row["tag"][:_LONGEST],
        kind=_kind(row),
        commitment=_COMMITMENTS.get(row["CommitmentDiscountStatus"].casefold(), Commitment.NONE),
        currency=_currency(row["BillingCurrency"]),
    )
    return Charge(key, row["BilledCost"], row["EffectiveCost"], row["ListCost"], row["hours"], row["by_hour"])


def _kind(row: Mapping[str, Any]) -> ChargeKind:
    category, frequency = row["ChargeCategory"].casefold(), row["ChargeFrequency"].casefold()
    match category:
        case "usage":
            # A correction is about days that are over: it says nothing about those to come.
            return ChargeKind.ONCE if row["ChargeClass"].casefold() == "correction" else ChargeKind.USAGE
        case "purchase":
            return ChargeKind.RECURRING if frequency == "recurring" else ChargeKind.ONCE
        case "adjustment":
            return ChargeKind.ONCE
        case "tax":
            return ChargeKind.TAX
        case "credit":
            return ChargeKind.CREDIT
        case _:
            raise BillUnknown(Message("cost.not-a-category", category=row["ChargeCategory"][:40]))


def _currency(written: str) -> str:
    if len(written) != 3 or not written.isascii() or not written.isalpha():
        raise BillUnknown(Message("cost.not-a-currency", currency=written[:40]))
    return written.upper()
