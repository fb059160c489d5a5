"""The operation of chapter 7: alerts become incidents, whose clocks run by the document."""

from collections.abc import Mapping
from datetime import datetime

from toban.chapters.incident.declaring import declare
from toban.chapters.incident.plan import IncidentPlan, plan
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.runs.work import Work


def _works(made: IncidentPlan) -> Mapping[str, Work]:
    return made.works


def _shift(_at: Workplace) -> WorkerShift:
    def look(edition: Edition, now: datetime) -> None:
        declare.look(edition.plan(OPERATION), edition, now)

    return WorkerShift((EditionLoop("incidents", look, every=1.0, leads=True),))


OPERATION = Operation(plan=plan, works=_works, shift=_shift)
