"""What Cost Explorer is asked, and what its answers mean. Pure.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from toban.chapters.cost.charge import MOST, Charge, ChargeKey, ChargeKind, Commitment

_BILLED, _EFFECTIVE = "UnblendedCost", "AmortizedCost"
_LONGEST = 200
_KINDS: Mapping[str, tuple[ChargeKind, Commitment]] = {
    "usage": (ChargeKind.USAGE, Commitment.NONE),
    "discountedusage": (ChargeKind.USAGE, Commitment.USED),
    "savingsplancoveredusage": (ChargeKind.USAGE, Commitment.USED),
    # What the plan covers is billed at public prices, and taken back here.
    "savingsplannegation": (ChargeKind.USAGE, Commitment.USED),
    "bundleddiscount": (ChargeKind.USAGE, Commitment.NONE),
    "edpdiscount": (ChargeKind.USAGE, Commitment.NONE),
    "enterprisediscountprogramdiscount": (ChargeKind.USAGE, Commitment.NONE),
    "privateratediscount": (ChargeKind.USAGE, Commitment.NONE),
    "recurring": (ChargeKind.RECURRING, Commitment.NONE),
    "recurringreservationfee": (ChargeKind.RECURRING, Commitment.NONE),
    "rifee": (ChargeKind.RECURRING, Commitment.NONE),
    "savingsplanrecurringfee": (ChargeKind.RECURRING, Commitment.NONE),
    "support": (ChargeKind.RECURRING, Commitment.NONE),
    "tax": (ChargeKind.TAX, Commitment.NONE),
    "credit": (ChargeKind.CREDIT, Commitment.NONE),
}
"""Record types, without blanks and capitals; all others are charged once."""


def questions(first: date, last: date, account: str, tag: str) -> Sequence[Mapping[str, Any]]:
    """Return what is asked about the days from *first* to before *last*.

    An answer is told apart by two things at most: with a tag, what is used is asked for by service and tag,
    and the rest by service and record type.
    """
    by_type = [_dimension("SERVICE"), _dimension("RECORD_TYPE")]
    if not tag:
        return [_question(first, last, by_type, _only(account))]
    by_tag = [_dimension("SERVICE"), {"Type": "TAG", "Key": tag}]
    used = {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Usage"]}}
    return [
        _question(first, last, by_tag, [*_only(account), used]),
        _question(first, last, by_type, [*_only(account), {"Not": used}]),
    ]


def _question(
    first: date, last: date, by: Sequence[Mapping[str, str]], only: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    narrowed = {"Filter": only[0] if len(only) == 1 else {"And": list(only)}} if only else {}
    return {
        "TimePeriod": {"Start": first.isoformat(), "End": last.isoformat()},
        "Granularity": "DAILY",
        "Metrics": [_BILLED, _EFFECTIVE],
        "GroupBy": list(by),
        **narrowed,
    }


def _dimension(key: str) -> Mapping[str, str]:
    return {"Type": "DIMENSION", "Key": key}


def _only(account: str) -> list[Mapping[str, Any]]:
    return [{"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [account]}}] if account else []


def charges_of(page: Mapping[str, Any], account: str, tag: str) -> Iterator[tuple[date, Charge]]:
    """Yield what a page charges for each day; raise `ValueError` or `KeyError` if it can't be read.

    *tag* is the one by which the question told charges apart; empty: by record type.
    """
    for result in page["ResultsByTime"]:
        on = date.fromisoformat(result["TimePeriod"]["Start"][:10])
        for group in result.get("Groups", ()):
            service, other = group["Keys"]
            # A tag is told as its name, a dollar sign, and its value.
            value, record = (other.removeprefix(f"{tag}$"), "usage") if tag else ("", other)
            billed, currency = _amount(group["Metrics"][_BILLED])
            effective, _ = _amount(group["Metrics"][_EFFECTIVE])
            kind, commitment = _KINDS.get(_plain(record), (ChargeKind.ONCE, Commitment.NONE))
            key = ChargeKey(service[:_LONGEST], account, value[:_LONGEST], kind, commitment, currency)
            if billed or effective:
                yield on, Charge(key, billed, effective, effective)


def _plain(record: str) -> str:
    return "".join(record.split()).replace("-", "").lower()


def _amount(said: Mapping[str, str]) -> tuple[Decimal, str]:
    currency = said["Unit"]
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise ValueError(f"currency {currency[:40]}")
    try:
        found = Decimal(said["Amount"])
    except InvalidOperation as error:
        raise ValueError(f"amount {said['Amount'][:40]}") from error
    if not found.is_finite() or abs(found) > MOST:
        raise ValueError(f"amount {said['Amount'][:40]}")
    return found, currency.upper()
