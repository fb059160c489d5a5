"""Every measure of chapter 11 that anything can show: its verdict, and what it has saved this month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from toban.chapters.cost.known import KnownCosts, judged_commitment
from toban.chapters.cost.lifecycles import looking as lifecycles
from toban.chapters.cost.off_hours.judging import judge_quiet
from toban.chapters.cost.off_hours.saving import Saving, saving
from toban.chapters.cost.off_hours.standing import seconds_saved, states
from toban.chapters.cost.spending.forecast import first_of
from toban.chapters.cost.spending.money import YEN, shown
from toban.design.clauses.cost import CostMeasure
from toban.engine.evidence.verdict import worst
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message, sentences


@dataclass(frozen=True, slots=True)
class MeasureFound:
    """A measure, and what is known of it."""

    row: CostMeasure
    judged: Judgement
    yen: Decimal | None
    """What it has saved this month; None if nothing shows it."""
    until: date | None = None
    """The last day of what was bought for a term."""


def measures(costs: KnownCosts) -> Sequence[MeasureFound]:
    """Return the measures of the plan, those that bought something first."""
    return [*_bought(costs), *_quiet(costs), *_moved(costs)]


def _bought(costs: KnownCosts) -> Iterator[MeasureFound]:
    for each in costs.plan.commitments:
        judged = judged_commitment(costs, each)
        said = str(judged.proof["saving_jpy"])
        yield MeasureFound(each.row, judged, Decimal(said) if said else None, each.bought.until)


def _quiet(costs: KnownCosts) -> Iterator[MeasureFound]:
    plan = costs.plan
    bound = {each.row.id: each for each in plan.quiet}
    for row_id, found in states(plan.quiet, plan.works, plan.system, costs.now).items():
        row, config = bound[row_id].row, bound[row_id].config
        judged = worst(judge_quiet(each, costs.now) for each in found)
        if judged is None:
            continue
        seconds = seconds_saved(row.name, first_of(costs.today), costs.today)
        saved = saving(seconds, costs.spent, config, costs.terms, costs.whole_until)
        proof = {
            **judged.proof,
            "saved_hours": f"{saved.hours:.2f}",
            "priced_hours": f"{saved.priced:.2f}",
            "saving_jpy": f"{saved.yen:.2f}" if saved.yen is not None else "",
        }
        reason = sentences(judged.reason, _unpriced(saved))
        value = judged.value or _value(saved)
        yield MeasureFound(row, replace(judged, reason=reason, value=value, proof=proof), saved.yen)


def _moved(costs: KnownCosts) -> Iterator[MeasureFound]:
    for each in costs.plan.lifecycles:
        yield MeasureFound(each.row, lifecycles.judged(each, costs.now), None)


def _value(saved: Saving) -> Message:
    if saved.yen is not None:
        return Message("cost.saved", amount=shown(saved.yen, YEN))
    return Message("off-hours.saved-hours", hours=f"{saved.hours:.1f}") if saved.hours else NOTHING


def _unpriced(saved: Saving) -> Message:
    """Return what is not credited, since no bill shows its price."""
    rest = saved.hours - saved.priced
    return Message("off-hours.unpriced", hours=f"{rest:.1f}") if rest > 0 else NOTHING
