"""Whether a changed service level would have been met, by the days that are stored. See `HINDSIGHT`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from toban.chapters.objectives import rules
from toban.chapters.objectives.operation import OPERATION
from toban.chapters.objectives.report import remains
from toban.chapters.objectives.rules import SliceTally
from toban.chapters.objectives.service import kept
from toban.chapters.objectives.sli import Sli
from toban.design.clauses.objectives import Objective
from toban.engine.editions.edition import Edition
from toban.engine.hindsight.question import Hindsight, HindsightQuestion, unknown
from toban.message import NOTHING, Message

_LEVEL = "level"


@dataclass(frozen=True, slots=True)
class MetDays:
    """The days on which a level was met."""

    met: int
    known: int
    budget: rules.ErrorBudget | None
    """Of the whole time; None if the level allows for no share."""

    def as_json(self) -> Mapping[str, object]:
        """Return it as JSON values."""
        left = self.budget.left.total_seconds() if self.budget is not None else None
        return {"days_met": self.met, "days_known": self.known, "budget_left_seconds": left}


def recall(question: HindsightQuestion) -> Iterator[Hindsight]:
    """Yield on how many days the level was met as it was written, and would have been as it will be."""
    change = question.change
    old, new = (
        _level(row.id, edition) if row is not None else None
        for row, edition in ((change.old, question.old), (change.new, question.new))
    )
    if isinstance(new, Message):
        yield unknown(_LEVEL, new)
    elif new is not None:
        zone = question.new.bindings.system.zone
        first, before = (each.astimezone(zone).date() for each in (question.since, question.now))
        days = kept(new.indicator, first, before)
        if days:
            yield _told(question, old if isinstance(old, Sli) else None, new, days)
        else:
            yield unknown(_LEVEL, Message("hindsight.no-days", by=new.measured_by))


def _level(row: str, edition: Edition) -> Sli | Message:
    plan = edition.plan(OPERATION).levels
    found = next((each for each in plan.slis if each.objective.id == row), None)
    return found or plan.why_not.get(row, Message("hindsight.no-past"))


def _told(
    question: HindsightQuestion, old: Sli | None, new: Sli, days: Mapping[date, SliceTally]
) -> Hindsight:
    will = met_days(new, days)
    was = met_days(old, days) if old is not None and old.measured_by == new.measured_by else None
    asked = (question.now - question.since) / timedelta(days=1)
    said = (
        Message(
            "hindsight.level-met",
            met=will.met,
            known=will.known,
            former=was.met if was is not None else Message("hindsight.no-former"),
            left=Message("hindsight.budget-left", left=remains(new.metric, will.budget))
            if will.budget is not None
            else NOTHING,
        ),
        Message("hindsight.days-unknown", count=round(asked) - will.known)
        if will.known < round(asked)
        else NOTHING,
    )
    values = {"old": was.as_json() if was is not None else None, "new": will.as_json()}
    is_adverse = will.met < (was.met if was is not None else will.known)
    return Hindsight(_LEVEL, tuple(filter(None, said)), values, is_adverse)


def met_days(level: Sli, days: Mapping[date, SliceTally]) -> MetDays:
    """Return on how many of *days* *level* was met: planned maintenance apart, as a month is judged. Pure."""
    comparison = level.objective.target.comparison
    means = [mean for each in days.values() if (mean := each.mean_unplanned) is not None]
    met = sum(rules.keeps(comparison, rules.in_unit(level.metric, mean), level.limit) for mean in means)
    known = sum(days.values(), SliceTally())
    span = timedelta(seconds=known.covered - known.planned_covered)
    return MetDays(met, len(means), rules.budget(level.metric, level.limit, span, known))


HINDSIGHT = {Objective: recall}
