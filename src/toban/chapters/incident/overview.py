"""What the first screen shows of chapter 7: the open incidents, and how fast the last ones were over."""

from collections.abc import Iterator
from datetime import timedelta

from toban.chapters.incident.figures import figures
from toban.chapters.incident.models import Incident
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.spans import spans_of
from toban.engine.amounts import length
from toban.engine.extension import Link
from toban.engine.overview import EditionStatus, OverviewFigure
from toban.message import NOTHING, Message

_MINUTE = timedelta(minutes=1)
_DAYS = 30
"""Of so many days is the time to recovery."""


def incident_figures(plan: IncidentPlan, seen: EditionStatus) -> Iterator[OverviewFigure]:
    """Yield how many incidents are open, with the time to recovery; nothing if no row is about them."""
    if not plan.levels and plan.flow is None:
        return
    count = Incident.objects.filter(closed_at=None, merged_into=None, is_drill=False).count()
    open_ = Message("incident.open-count", count=count) if count else Message("incident.no-open")
    lately = figures(spans_of(plan, seen.now - timedelta(days=_DAYS), seen.now)).to_recovery.mean
    if lately is None:
        yield OverviewFigure(_link(Message("incident.page")), open_, NOTHING)
        return
    # Both in the value: where there is little room, details are left out.
    value = Message("incident.open-and-recovery", open=open_, took=length(_rounded(lately)))
    yield OverviewFigure(_link(Message("incident.page-and-recovery", days=_DAYS)), value, NOTHING)


def _link(label: Message) -> Link:
    return Link("incidents", label)


def _rounded(span: timedelta) -> timedelta:
    """Return *span* in whole minutes, unless it is shorter."""
    return span if span < _MINUTE else timedelta(minutes=round(span / _MINUTE))
