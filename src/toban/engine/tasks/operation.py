"""What the worker does about tasks of all extensions, and about those that no row orders."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.tasks.extras.telling import extras_to_do, tell_extras
from toban.engine.tasks.mornings.digest import tell_mornings


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _tell(edition: Edition, now: datetime) -> None:
    tell_mornings(edition, settings.PARTS, now)
    tell_extras(edition, settings.PARTS, now)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("tasks", _tell, every=20.0, leads=True)])


def _to_do(edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    return extras_to_do(edition, seen.now)


OPERATION = Operation(plan=_plan, shift=_shift, to_do=_to_do)
