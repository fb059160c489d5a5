"""The run ledger's own operation; its scheduler runs the works in the plans of all extensions."""

from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.runs.unanswered import watch


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("awaited-approvals", watch, every=2.0, leads=True)])


OPERATION = Operation(plan=_plan, shift=_shift)
