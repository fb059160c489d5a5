"""What error tracking does besides its intake: notifications, the rows' statuses, deleting old data."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta

from toban.chapters.errors import clauses, service
from toban.engine.editions.edition import Edition
from toban.engine.evidence.verdict import FIRING
from toban.engine.extension import Link
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.retention import RETENTION
from toban.engine.telemetry.logs.words import ERROR
from toban.message import NOTHING, Message, plain


def _plan(edition: Edition) -> Rows:
    unbound = Message("errors.bind-to-record-reviews", file=edition.bindings.file)
    reviews = {row.id: unbound for row in clauses.reviews(edition.design)}
    return Rows({**reviews, **dict.fromkeys(service.kept_rows(edition.design, edition.bindings), NOTHING)})


def _tell(edition: Edition, now: datetime) -> None:
    service.tell(edition.design, now)


def _shift(at: Workplace) -> WorkerShift:
    retention = at.ports.one(RETENTION)

    def keep(edition: Edition, now: datetime) -> None:
        service.show(edition.design, edition.bindings, now)
        # Without log retention nothing was agreed, and nothing is on hold.
        agreed = retention.agreed(ERROR, edition) if retention is not None else timedelta()
        with retention.undisturbed() if retention is not None else nullcontext():
            is_held = retention is not None and retention.held_by(ERROR) != ""
            service.forget(edition.design, now, is_held=is_held, agreed=agreed)

    loops = (EditionLoop("errors", _tell, every=2.0), EditionLoop("error-rows", keep, every=60.0))
    return WorkerShift(loops)


def _to_do(edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    """Ask for the reviews that are due today, or are overdue."""
    for row, due in service.open_reviews(edition.design, edition.bindings, seen.now):
        status = seen.rows.get(row.id)
        yield ToDo(
            subject=plain(row.name),
            link=Link("error-review", Message("errors.review-errors")),
            at=due,
            clause_id=row.id,
            verdict=status.verdict if status and status.verdict in FIRING else None,
            assignee=row.person,
        )


OPERATION = Operation(plan=_plan, shift=_shift, to_do=_to_do)
