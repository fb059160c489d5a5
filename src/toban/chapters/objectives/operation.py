"""What chapter 1 does: compute service levels, and show who is on duty."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.objectives import overview, sli
from toban.chapters.objectives.publishing import publishing
from toban.chapters.objectives.service import Objectives
from toban.chapters.objectives.sli import LevelPlan
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.objectives import ServiceHours
from toban.engine.editions.edition import Edition
from toban.engine.operation import Declared, EditionLoop, Operation, RowAnswer, WorkerShift, Workplace
from toban.engine.overview import EditionStatus, OverviewFigure
from toban.engine.telemetry.store import StoreUnavailable
from toban.message import NOTHING


@dataclass(frozen=True, slots=True)
class ObjectiveChapterPlan:
    """The levels, and the other rows reported with them."""

    levels: LevelPlan
    told: tuple[str, ...]
    """The ids of the rows about duty and service hours."""

    @property
    def rows(self) -> Mapping[str, RowAnswer]:
        """See `Plan`."""
        measured = (each.objective.id for each in self.levels.slis)
        return {
            **dict.fromkeys((*measured, *self.told), NOTHING),
            **self.levels.unbound,
            **{row: Declared(why) for row, why in self.levels.unmeasured.items()},
        }


def _plan(edition: Edition) -> ObjectiveChapterPlan:
    design = edition.design
    told = (*design.of(DutyRole), *design.of(ServiceHours))
    return ObjectiveChapterPlan(sli.plan(design, edition.bindings), tuple(row.id for row in told))


def _shift(at: Workplace) -> WorkerShift:
    objectives = Objectives(at.telemetry)

    def count(edition: Edition, now: datetime) -> None:
        design, bindings = edition.design, edition.bindings
        # At the very first start, the tables don't exist yet; an unavailable store is reported below.
        with suppress(StoreUnavailable):
            at.telemetry.ensure_schema()
        objectives.step(edition.plan(OPERATION).levels, design, bindings, now, design.digest)
        publishing.look(at.telemetry, design, bindings, at.clock())

    return WorkerShift([EditionLoop("levels", count, every=60.0)])


def _figures(edition: Edition, seen: EditionStatus) -> Iterator[OverviewFigure]:
    yield overview.error_budget(edition, edition.plan(OPERATION).levels, seen)


OPERATION = Operation(plan=_plan, shift=_shift, figures=_figures)
