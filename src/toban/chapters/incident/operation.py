"""The operation of chapter 7: alerts become incidents, whose clocks run by the document."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from toban.chapters.incident import plan as planning
from toban.chapters.incident.declaring import declare
from toban.chapters.incident.gameday import holding, settling, telling
from toban.chapters.incident.gameday.trials import trials
from toban.chapters.incident.overview import incident_figures
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.remedies import shift as remedies
from toban.chapters.incident.remedies.works import works as remedy_works
from toban.chapters.incident.reports.loops import loops_of
from toban.chapters.incident.rows import owing
from toban.chapters.incident.rows.report import report
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.overview import EditionStatus, OverviewFigure, ToDo
from toban.engine.runs.work import Work
from toban.engine.tasks import chores
from toban.engine.trial import Trial


def _plan(edition: Edition) -> IncidentPlan:
    made = planning.plan(edition)
    return replace(made, tasks=owing.works(made, edition))


def _works(made: IncidentPlan) -> Mapping[str, Work]:
    return {**remedy_works(made), **holding.works(made), **made.tasks}


def _shift(at: Workplace) -> WorkerShift:
    def look(edition: Edition, now: datetime) -> None:
        declare.look(edition.plan(OPERATION), edition, now)

    def tell(edition: Edition, now: datetime) -> None:
        report(edition.plan(OPERATION), edition, now)

    def remedy(edition: Edition, now: datetime) -> None:
        remedies.turn(edition.plan(OPERATION), edition, at.ports, now)

    def show(edition: Edition, now: datetime) -> None:
        remedies.show(edition.plan(OPERATION), now)

    def settle(edition: Edition, now: datetime) -> None:
        settling.settle(edition.plan(OPERATION), now)

    def tell_of_game_days(edition: Edition, now: datetime) -> None:
        made = edition.plan(OPERATION)
        telling.tell(made, holding.works(made), edition, now)

    loops = (
        EditionLoop("incidents", look, every=1.0, leads=True),
        EditionLoop("incident-status", tell, every=5.0, leads=True),
        EditionLoop("remedies", remedy, every=1.0, leads=True),
        EditionLoop("remedy-rows", show, every=5.0, leads=True),
        EditionLoop("game-days", settle, every=2.0, leads=True),
        EditionLoop("game-day-news", tell_of_game_days, every=5.0, leads=True),
        *loops_of(at, lambda edition: edition.plan(OPERATION)),
    )
    return WorkerShift(loops)


def _to_do(edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    yield from chores.to_do(edition.plan(OPERATION).tasks, edition, seen)


def _figures(edition: Edition, seen: EditionStatus) -> Iterator[OverviewFigure]:
    yield from incident_figures(edition.plan(OPERATION), seen)


def _trials(edition: Edition, _now: datetime) -> Iterator[Trial]:
    yield from remedies.trials(edition.plan(OPERATION), edition)
    yield from trials(edition.plan(OPERATION), edition)


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, trials=_trials, figures=_figures, to_do=_to_do)
