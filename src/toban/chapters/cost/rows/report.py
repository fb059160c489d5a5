"""The status of every budget, and the alerts about them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from toban.chapters.cost.known import KnownCosts, budget_found, known
from toban.chapters.cost.plan import CostPlan
from toban.chapters.cost.rows.judging import judge
from toban.chapters.cost.rows.measures import measures
from toban.design.clauses.base import Clause
from toban.design.clauses.cost import Budget, CostMeasure
from toban.engine.notify.signal import Signal
from toban.engine.rows.judgement import Judgement
from toban.engine.rows.report import JudgedRow, RowAlerts, condition_of, report, reviewed
from toban.engine.runs.models import Run
from toban.engine.runs.standing import ENDED, WorkStatus, standings
from toban.message import NOTHING, Message

_ALERTS = RowAlerts(
    item="cost",
    limit=Message("cost.as-the-row-orders"),
    advice=Message("cost.look-at-the-page"),
)


def tell(plan: CostPlan, now: datetime, document_digest: str) -> None:
    """Show the status of every row, and report what is wrong."""
    judged = reviewed(judged_rows(plan, known(plan, now), now))
    report(judged, [_signal(row, each, now) for row, each in judged], now, document_digest)


def judged_rows(plan: CostPlan, costs: KnownCosts, now: datetime) -> Iterator[JudgedRow]:
    """Yield what is found about each row of *plan*."""
    keys = {each.row.id: each.key for each in plan.checks}
    works = standings(list(keys.values()), now)
    for row in plan.budgets:
        yield row, judged(costs, row, works, keys)
    for each in measures(costs):
        yield each.row, each.judged


def judged(
    costs: KnownCosts, row: Budget, works: Mapping[str, WorkStatus], keys: Mapping[str, str]
) -> Judgement:
    """Return the judgement of *row*, with that of its check."""
    work = works.get(keys.get(row.id, ""), WorkStatus())
    found = budget_found(costs, row)
    return costs.once_tried(judge(replace(found, failure=_failure(work), next_due=work.next_due)))


def _failure(work: WorkStatus) -> Message:
    """Return why the newest check did not go through; nothing if it did, or none was due yet."""
    if work.last is None or work.last.state == Run.State.DONE:
        return NOTHING
    why = work.last.note or ENDED[Run.State(work.last.state)]
    return Message("cost.check-failed", why=why)


def _signal(row: Clause, judged: Judgement, now: datetime) -> Signal:
    name = row.item if isinstance(row, Budget) else row.name if isinstance(row, CostMeasure) else row.text
    return _ALERTS.signal(
        row, judged, now, condition=condition_of(judged), subject=Message("cost.subject", name=name)
    )
