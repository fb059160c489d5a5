"""Costs as JSON values: the same by command and by the API. Amounts are texts: JSON's numbers are floats."""

from datetime import date
from decimal import Decimal

from toban.chapters.cost.causes import ExplainedJump
from toban.chapters.cost.known import KnownCosts
from toban.chapters.cost.lifecycles.looking import proposals
from toban.chapters.cost.overview import BudgetLine, CostOverview
from toban.chapters.cost.rows.gaps import BillState

_EXACT = Decimal("0.000001")


def exact(amount: Decimal | None) -> str | None:
    """Return *amount* as it is kept."""
    return None if amount is None else f"{amount.quantize(_EXACT).normalize():f}"


def overview_values(found: CostOverview, costs: KnownCosts) -> dict[str, object]:
    """Return the month as JSON values, with times in UTC."""
    terms = costs.terms
    return {
        "month": f"{found.first:%Y-%m}",
        "currency": found.currency,
        "zone": terms.zone,
        "tax": str(terms.tax),
        "amounts": terms.amounts,
        "credits_are": terms.credits,
        "rates": {name: str(rate) for name, rate in terms.rates.items()},
        "whole": exact(found.whole),
        "other": exact(found.other),
        "credits": exact(found.credits),
        "unknown_currencies": list(found.unknown),
        "bills": [_bill(each) for each in costs.bills],
        "budgets": [budget_values(each) for each in found.budgets],
        "measures": [
            {
                "name": each.row.name,
                "clause": each.row.id,
                "until": _day(each.until),
                "saving_jpy": exact(each.yen),
                "verdict": each.judged.verdict.value,
                "reason": each.judged.reason.as_output(),
            }
            for each in found.measures
        ],
        "services": [
            {"service": each.service, "item": each.item, "amount": exact(each.amount)}
            for each in found.services
        ],
        "tags": [{"tag": each.tag, "amount": exact(each.amount)} for each in found.tags],
        "jumps": [_jump(each) for each in found.jumps],
        "days": [{"day": on.isoformat(), "amount": exact(amount)} for on, amount in found.days.items()],
        "restated": [
            {
                "bill": each.bill,
                "day": each.day.isoformat(),
                "taken_at": each.taken_at.isoformat(),
                "replaced_at": each.replaced_at.isoformat(),
            }
            for each in found.restated
        ],
    }


def lifecycle_values(costs: KnownCosts) -> dict[str, object]:
    """Return each bucket whose rules differ from its measure, and what they would have to be.

    That is what `aws s3api put-bucket-lifecycle-configuration` takes.
    """
    return {bucket: {"Rules": list(rules)} for bucket, rules in proposals(costs.plan.lifecycles).items()}


def budget_values(line: BudgetLine) -> dict[str, object]:
    """Return a row as JSON values."""
    found, month = line.found, line.found.month
    return {
        "item": line.row.item,
        "clause": line.row.id,
        "is_total": line.row.is_total,
        "currency": found.currency,
        "budget": exact(found.monthly),
        "limit": exact(found.limit),
        "spent": exact(month.spent),
        "former": exact(line.former),
        "forecast": exact(month.forecast),
        "even": exact(month.even),
        "until": _day(month.until),
        "made_at": found.made_at.isoformat() if found.made_at else None,
        "verdict": line.judged.verdict.value,
        "reason": line.judged.reason.as_output(),
        "gaps": [gap.as_output() for gap in month.gaps],
    }


def _jump(each: ExplainedJump) -> dict[str, object]:
    return {
        "service": each.jump.service,
        "since": each.jump.on.isoformat(),
        "before": exact(each.jump.before),
        "after": exact(each.jump.after),
        "said": each.said.as_output(),
    }


def _bill(each: BillState) -> dict[str, object]:
    return {
        "name": each.name,
        "newest": _day(each.newest),
        "read_at": each.read_at.isoformat() if each.read_at else None,
        "made_at": each.made_at.isoformat() if each.made_at else None,
        "trouble": each.trouble.as_output() if each.trouble else None,
    }


def _day(on: date | None) -> str | None:
    return on.isoformat() if on is not None else None
