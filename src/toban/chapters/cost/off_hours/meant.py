"""What the night, days off and the least of a measure mean where the bindings leave it open. Pure."""

from collections.abc import Mapping
from datetime import time

from toban.design.clauses.cost import CostMeasure
from toban.design.clauses.duty import DutyRole
from toban.design.reader import Design
from toban.design.values.hours import WORKING_DAYS, Hours
from toban.engine.bindings.model import Bindings
from toban.engine.instances.groups import scaled_groups
from toban.engine.notify.routing.timing import office_hours

_LEAST = 1


def busy_hours(row: CostMeasure, design: Design, bindings: Bindings) -> Hours | None:
    """Return when as many instances are needed as there are, by the words of *row*.

    Night and days off are what the office's hours leave. None where the words draw the line elsewhere, or
    name neither: a person has to say it.
    """
    if row.states_hours:
        return None
    office = office_hours(design.of(DutyRole), bindings.system.office_hours)
    match row.spares_nights, row.spares_days_off:
        case True, True:
            return office
        case True, False:
            return Hours(start=office.start, end=office.end)
        case False, True:
            return Hours(WORKING_DAYS, time(0), time(0), includes_holidays=False)
    return None


def least_sizes(row: CostMeasure, design: Design, bindings: Bindings) -> Mapping[str, int]:
    """Return how many instances are left of each group: one of each that Toban scales.

    Nothing where the words state a size of their own, which a person has to bind.
    """
    if row.states_size:
        return {}
    return dict.fromkeys(scaled_groups(design, bindings), _LEAST)
