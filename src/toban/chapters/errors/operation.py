"""What error tracking does beside its intake: notices, the rows' statuses, letting go of what is old."""

from contextlib import nullcontext
from datetime import datetime, timedelta

from toban.chapters.errors import clauses, service
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, Rows, Shift, Workplace
from toban.engine.retention import RETENTION
from toban.engine.said import recorded
from toban.engine.telemetry.logs.words import ERROR


def _plan(edition: Edition) -> Rows:
    unbound = recorded(
        "%(file)s に [errors.アプリ名] を書くと、エラーを集め、見たことを記録できます",
        file=edition.bindings.file,
    )
    reviews = {row.id: unbound for row in clauses.reviews(edition.design)}
    return Rows({**reviews, **dict.fromkeys(service.kept_rows(edition.design, edition.bindings), "")})


def _tell(edition: Edition, now: datetime) -> None:
    service.tell(edition.design, now)


def _shift(at: Workplace) -> Shift:
    retention = at.ports.one(RETENTION)

    def keep(edition: Edition, now: datetime) -> None:
        service.show(edition.design, edition.bindings, now)
        # Where nobody keeps logs nothing was agreed to, and nothing is held.
        agreed = retention.agreed(ERROR, edition) if retention is not None else timedelta()
        with retention.undisturbed() if retention is not None else nullcontext():
            is_held = retention is not None and retention.held_by(ERROR) != ""
            service.forget(edition.design, now, is_held=is_held, agreed=agreed)

    loops = (EditionLoop("errors", _tell, every=2.0), EditionLoop("error-rows", keep, every=60.0))
    return Shift(loops)


OPERATION = Operation(plan=_plan, shift=_shift)
