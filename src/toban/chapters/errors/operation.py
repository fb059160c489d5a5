"""What error tracking does besides its intake: notifications, the rows' statuses, deleting old data."""

from contextlib import nullcontext
from datetime import datetime, timedelta

from toban.chapters.errors import service
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.retention import RETENTION
from toban.engine.telemetry.logs.words import ERROR
from toban.message import NOTHING


def _plan(edition: Edition) -> Rows:
    return Rows(dict.fromkeys(service.kept_rows(edition.design), NOTHING))


def _tell(edition: Edition, now: datetime) -> None:
    service.tell(edition.design, edition.bindings, now)


def _shift(at: Workplace) -> WorkerShift:
    retention = at.ports.one(RETENTION)

    def keep(edition: Edition, now: datetime) -> None:
        service.show(edition.design, edition.bindings, now)
        # Without log retention nothing was agreed, and nothing is on hold.
        agreed = retention.agreed(ERROR, edition) if retention is not None else timedelta()
        with retention.undisturbed() if retention is not None else nullcontext():
            is_held = retention is not None and retention.held_by(ERROR) != ""
            service.forget(edition.design, edition.bindings, now, is_held=is_held, agreed=agreed)

    loops = (EditionLoop("errors", _tell, every=2.0), EditionLoop("error-rows", keep, every=60.0))
    return WorkerShift(loops)


OPERATION = Operation(plan=_plan, shift=_shift)
