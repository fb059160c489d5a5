"""What chapter 7 does."""

from collections.abc import Mapping

from toban.chapters.incident.plan import IncidentPlan, plan
from toban.engine.operation import Operation
from toban.engine.runs.work import Work


def _works(made: IncidentPlan) -> Mapping[str, Work]:
    return made.works


OPERATION = Operation(plan=plan, works=_works)
