"""The run ledger's own operation; its scheduler runs the works in the plans of all extensions."""

from datetime import datetime

from django.conf import settings

from toban.engine.editions import records
from toban.engine.editions.edition import Edition
from toban.engine.modes import service as modes
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace, works_of
from toban.engine.runs.modes.acts import acts_of
from toban.engine.runs.unanswered import watch


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _shift(_at: Workplace) -> WorkerShift:
    loops = (
        EditionLoop("awaited-approvals", watch, every=2.0, leads=True),
        EditionLoop("overridden-modes", forget_overridden, every=2.0, leads=True),
    )
    return WorkerShift(loops)


def forget_overridden(edition: Edition, _now: datetime) -> None:
    """Forget the modes that the bindings have overridden; see `modes.service.forget_overridden`."""
    if not modes.decisions():
        return
    newest = records.in_force()
    # A node that is behind would take a new decision for one that is over.
    if newest is not None and records.names(newest) == edition.digests:
        modes.forget_overridden(acts_of(works_of(edition, settings.PARTS.operations).values()))


OPERATION = Operation(plan=_plan, shift=_shift)
