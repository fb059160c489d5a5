"""What the tokens extension does: it forgets requests that nobody can send again."""

from datetime import datetime

from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.tokens import once, signed_once


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _forget(_edition: Edition, now: datetime) -> None:
    once.forget(now)
    signed_once.forget(now)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift((EditionLoop("answered-requests", _forget, every=600.0, leads=True),))


OPERATION = Operation(plan=_plan, shift=_shift)
