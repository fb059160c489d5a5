"""The run ledger's own operation; its scheduler runs the works in the plans of all extensions."""

from collections.abc import Iterator

from toban.engine.editions.edition import Edition
from toban.engine.extension import Link
from toban.engine.operation import Operation, Rows
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.runs.models import Approval, Run
from toban.message import Message, plain


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _to_do(_edition: Edition, _seen: EditionStatus) -> Iterator[ToDo]:
    """Yield the runs that are waiting for approval."""
    asked = Approval.objects.filter(answer="", is_superseded=False, run__state=Run.State.WAITING)
    for each in asked.select_related("run").order_by("asked_at"):
        yield ToDo(
            subject=plain(f"{each.run.work} {each.step}"),
            link=Link("run", Message("runs.approve-run"), (each.run.pk,)),
            at=each.asked_at,
            clause_id=each.run.clause_id,
            assignee=each.wanted_of,
        )


OPERATION = Operation(plan=_plan, to_do=_to_do)
