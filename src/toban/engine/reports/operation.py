"""What the worker does about monthly reports: it keeps the month that is over, and has it signed."""

from datetime import datetime, time, timedelta

from django.conf import settings

from toban.design.calendar import days_from
from toban.design.values.schedule.occurrence import existing
from toban.engine.bindings.model import System
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.reports.kept import signing
from toban.engine.reports.kept.keeping import is_kept, keep
from toban.engine.reports.month import ReportMonth

_EVERY = 30.0
_MONTH = 31


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _step(edition: Edition, now: datetime) -> None:
    month = due_month(edition.bindings.system, now)
    began = ledger.began_at()
    if month is not None and began is not None and began < month.span[1] and not is_kept(month):
        keep(month, None, edition, settings.PARTS, now)
    signing.advance(edition, now)


def due_month(system: System, now: datetime) -> ReportMonth | None:
    """Return the last month if it is to be kept: from the first business day on; before, None."""
    today = now.astimezone(system.zone).date()
    first = today.replace(day=1)
    business = next((day for day in days_from(first, _MONTH) if system.business.is_business_day(day)), first)
    if now < existing(business, time(0), system.zone):
        return None
    return ReportMonth((first - timedelta(days=1)).replace(day=1), system.zone, now)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("monthly-reports", _step, every=_EVERY, leads=True)])


OPERATION = Operation(plan=_plan, shift=_shift)
"""See `Operation`."""
