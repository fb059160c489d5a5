"""The rows that would order what people do regularly though no row orders it."""

from collections.abc import Sequence
from datetime import datetime

from toban.design.clauses.routine import Routine
from toban.engine.editions.edition import Edition
from toban.engine.tasks.extras.regular import DoneWork, ProposedRow, proposed
from toban.engine.tasks.models import ExtraTask

_MOST = 1000


def proposed_rows(edition: Edition, now: datetime) -> Sequence[ProposedRow]:
    """Return a row for each work that was ordered and performed regularly, and that no row orders yet."""
    zone = edition.bindings.system.zone
    performed = ExtraTask.objects.filter(run__sign_off__is_performed=True, run__due_at__lte=now)
    done = [
        DoneWork(each.name, each.owner, each.content, each.run.due_at.astimezone(zone).date())
        for each in performed.select_related("run").order_by("-run__due_at")[:_MOST]
    ]
    return tuple(proposed(done, (row.name for row in edition.design.of(Routine))))
