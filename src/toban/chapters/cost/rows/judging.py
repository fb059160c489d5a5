"""The verdict on a budget. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from toban.chapters.cost.spending.money import shown
from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message, sentences

_WHOLE = 100


@dataclass(frozen=True, slots=True)
class MonthFound:
    """What is known of a month of a budget."""

    first: date
    spent: Decimal
    until: date | None = None
    """The last day whose charges are whole in every bill; None if there is none in this month."""
    gaps: Sequence[Message] = ()
    """Why more may have been spent than is known."""
    forecast: Decimal | None = None
    """Of the month's end; None if too little is known."""
    even: Decimal | None = None
    """What would be spent until then if every day cost the same."""
    credits: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class BudgetFound:
    """What is known of a budget."""

    currency: str
    monthly: Decimal | None
    limit: Decimal | None
    """What raises the alert."""
    month: MonthFound
    former: MonthFound | None = None
    """The month before, while its last days may still be charged."""
    made_at: datetime | None = None
    """The oldest time at which one of its bills was written."""
    failure: Message = NOTHING
    """Why the newest check did not go through."""
    next_due: datetime | None = None
    jumps: Sequence[Message] = ()
    """What suddenly costs more or less, and what changed then."""

    def said(self, amount: Decimal) -> str:
        """Return *amount* as people read it."""
        return shown(amount, self.currency)


def judge(found: BudgetFound) -> Judgement:
    """Return the verdict: a reached limit deviates, and where a charge may be missing nothing conforms."""
    verdict, said = _verdict(found)
    if found.failure and verdict not in FIRING:
        verdict, said = Verdict.NOT_PERFORMED, sentences(found.failure, said)
    return Judgement(
        verdict, sentences(said, *found.jumps, _as_of(found)), _value(found), found.next_due, _proof(found)
    )


def _verdict(found: BudgetFound) -> tuple[Verdict, Message]:
    month, former = found.month, found.former
    for each in (month, former):
        # What is known is enough: a charge that is missing makes it more.
        if each is not None and found.limit is not None and each.spent >= found.limit:
            return Verdict.DEVIATING, _over("cost.reached", found, each, found.limit)
    gap = next((gap for each in (month, former) if each is not None for gap in each.gaps), NOTHING)
    if gap:
        return Verdict.NOT_MEASURABLE, gap
    for each in (month, former):
        if each is not None and found.monthly is not None and each.spent > found.monthly:
            return Verdict.WARNING, _over("cost.over-budget", found, each, found.monthly)
    if month.until is None:
        return Verdict.NOT_DUE, Message("cost.month-not-charged-yet", month=f"{month.first:%Y-%m}")
    if found.monthly is not None and month.forecast is not None and month.forecast > found.monthly:
        said = Message(
            "cost.will-be-over", forecast=found.said(month.forecast), budget=found.said(found.monthly)
        )
        return Verdict.WARNING, said
    return Verdict.CONFORMING, sentences(_foreseen(found), _pace(found))


def _over(code: str, found: BudgetFound, month: MonthFound, limit: Decimal) -> Message:
    return Message(code, month=f"{month.first:%Y-%m}", spent=found.said(month.spent), limit=found.said(limit))


def _foreseen(found: BudgetFound) -> Message:
    if found.month.forecast is None:
        return Message("cost.too-few-days")
    return Message("cost.foreseen", forecast=found.said(found.month.forecast))


def _pace(found: BudgetFound) -> Message:
    even, spent = found.month.even, found.month.spent
    if even is None or spent <= even:
        return NOTHING
    return Message("cost.ahead", ahead=found.said(spent - even), even=found.said(even))


def _as_of(found: BudgetFound) -> Message:
    """Return until when costs are known: no figure stands without it."""
    until = found.month.until
    if until is None:
        return NOTHING
    credited = (
        Message("cost.credited", credits=found.said(found.month.credits)) if found.month.credits else NOTHING
    )
    if found.made_at is None:
        return sentences(credited, Message("cost.until", until=f"{until:%Y-%m-%d}"))
    return sentences(credited, Message("cost.as-of", until=f"{until:%Y-%m-%d}", at=found.made_at))


def _value(found: BudgetFound) -> Message:
    base, spent = found.monthly, found.month.spent
    if base is None or base <= 0:
        return Message("cost.value-alone", spent=found.said(spent))
    share = f"{spent / base * _WHOLE:.1f}%"
    return Message("cost.value", spent=found.said(spent), budget=found.said(base), share=share)


def _proof(found: BudgetFound) -> dict[str, object]:
    month = found.month
    return {
        "month": f"{month.first:%Y-%m}",
        "currency": found.currency,
        "spent": _exact(month.spent),
        "until": month.until.isoformat() if month.until else "",
        "made_at": found.made_at.isoformat() if found.made_at else "",
        "forecast": _exact(month.forecast),
        "gaps": len(month.gaps),
    }


def _exact(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount.quantize(Decimal('0.000001')).normalize():f}"
