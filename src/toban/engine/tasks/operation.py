"""What the worker does about tasks of all extensions: it tells people in the morning what they have to do."""

from django.conf import settings

from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.tasks.mornings.digest import tell_mornings


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _shift(_at: Workplace) -> WorkerShift:
    tell = EditionLoop(
        "task-mornings",
        lambda edition, now: tell_mornings(edition, settings.PARTS, now),
        every=20.0,
        leads=True,
    )
    return WorkerShift([tell])


OPERATION = Operation(plan=_plan, shift=_shift)
