"""The sign of life of a worker: it renews the leases of all its runs together."""

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType

from django.db import transaction

from toban.engine.runs.claiming.claim import LEASE, Claim, StepProgress
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason


def renew(
    held: Collection[Claim], now: datetime, progress: Mapping[int, StepProgress] = MappingProxyType({})
) -> Mapping[int, RunReason]:
    """Renew all leases in one transaction, and record *progress*; return which runs to release, and why.

    A lease is renewed only with the fence of its claim: by this worker, or by one that took over, never both.
    """
    fences = {each.run_id: each.fence for each in held}
    with transaction.atomic():
        # In the order of `succeed_all`: none of the two waits for the other for ever.
        running = Run.objects.select_for_update().filter(pk__in=fences, state=Run.State.RUNNING)
        found = running.order_by("pk").values_list("pk", "fence", "is_cancelling")
        mine = {pk: is_cancelling for pk, fence, is_cancelling in found if fence == fences[pk]}
        Run.objects.filter(pk__in=mine).update(leased_until=now + LEASE)
        for pk in mine.keys() & progress.keys():
            Run.objects.filter(pk=pk).update(**progress[pk].fields(now))
    lost = dict.fromkeys(fences.keys() - mine.keys(), RunReason.FENCED)
    return lost | {pk: RunReason.CANCELLED for pk, is_cancelling in mine.items() if is_cancelling}
