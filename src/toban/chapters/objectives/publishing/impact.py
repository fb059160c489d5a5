"""What an incident cost of the error budgets. See `toban.engine.impact`."""

from collections.abc import Iterator
from datetime import timedelta

from toban.chapters.objectives import periods, rules
from toban.chapters.objectives.operation import OPERATION
from toban.chapters.objectives.service import Objectives
from toban.chapters.objectives.sli import Sli
from toban.engine.amounts import length
from toban.engine.impact.figures import Impact, ImpactFigure, ImpactQuestion
from toban.engine.telemetry.store import StoreUnavailable
from toban.message import Message, message_of

_FINE, _LONG = timedelta(minutes=1), timedelta(days=1)
"""How finely an incident is measured, and from which length on only as finely as a month is."""
_MOST_OF_IT = 0.9
"""With less of the time known, the measurements are further apart than the fine step."""


def measure(question: ImpactQuestion) -> Iterator[ImpactFigure]:
    """Yield what each objective with a budget has lost of it. See `MeasureImpact`."""
    for sli in question.edition.plan(OPERATION).levels.slis:
        if rules.allowed_share(sli.metric, sli.limit) is not None:
            label = Message("objectives.impact-budget", name=sli.objective.name)
            yield _figure(sli, label, question)


def _figure(sli: Sli, label: Message, question: ImpactQuestion) -> ImpactFigure:
    bindings = question.edition.bindings
    try:
        known = _known(sli, question)
    except StoreUnavailable as error:
        return ImpactFigure(Impact.ERROR_BUDGET, label, why=message_of(error))
    month = periods.month_span(question.since.astimezone(bindings.system.zone).date(), bindings.system.zone)
    budget = rules.budget(sli.metric, sli.limit, periods.length(month), known)
    if budget is None or known.covered <= 0:
        why = Message("objectives.impact-not-measured", what=sli.measured_by)
        return ImpactFigure(Impact.ERROR_BUDGET, label, why=why)
    value = Message(
        "objectives.impact-spent",
        spent=length(budget.spent),
        allowed=length(budget.allowed),
        share=f"{budget.spent / budget.allowed:.0%}" if budget.allowed else "—",
    )
    covered = length(timedelta(seconds=known.covered))
    why = Message("objectives.impact-basis", what=sli.measured_by, covered=covered)
    return ImpactFigure(Impact.ERROR_BUDGET, label, value, why)


def _known(sli: Sli, question: ImpactQuestion) -> rules.SliceTally:
    """Return what is known of the time; edges are exact where the measurements are close enough."""
    design, bindings = question.edition.design, question.edition.bindings
    objectives, span = Objectives(question.telemetry), (question.since, question.until)
    length_of_it = periods.length(span)
    if length_of_it <= _LONG:
        known = objectives.known(sli.indicator, design, bindings, span, _FINE)
        if known.covered >= _MOST_OF_IT * length_of_it.total_seconds():
            return known
    return objectives.known(sli.indicator, design, bindings, span, rules.SLICE)
