"""The exceptions' operation: ends them, reminds of them, and asks people to renew or mend."""

from collections.abc import Iterator

from toban.engine.editions.edition import Edition
from toban.engine.exceptions.watching import ending_soon, watch
from toban.engine.extension import Link
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.overview import EditionStatus, ToDo
from toban.message import Message


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("exceptions", watch, every=10.0, leads=True)])


def _to_do(edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    for each in ending_soon(edition, seen.now):
        yield ToDo(
            subject=Message("exceptions.exception-of", subject=each.subject or each.clause_text),
            link=Link("exception", Message("exceptions.renew"), (each.pk,)),
            at=each.ends_at,
            clause_id=each.clause_id,
            assignee=each.author_name,
        )


OPERATION = Operation(plan=_plan, shift=_shift, to_do=_to_do)
