"""The look at every group, once a minute: what its rule decides, and the run that it orders."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import structlog
from django.db import connections, transaction
from django.db.models import Max

from toban.chapters.capacity.models import ScalingLook
from toban.chapters.capacity.plan import CapacityPlan, Group
from toban.chapters.capacity.scaler import GroupSize, ScalingFailed
from toban.chapters.capacity.scaling import policies
from toban.chapters.capacity.scaling.rules import GroupSeen, Outcome, ScalingDecision, decide
from toban.chapters.capacity.scaling.samples import down_of, measured_lately, minutes_of, whole_minutes
from toban.engine.registry.ports import Ports
from toban.engine.runs.models import Run
from toban.engine.runs.triggered import open_run
from toban.engine.runs.work import Work
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.message import NOTHING, Message, message_of

_AT_ONCE = 8

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _GroupLook:
    """What a look at a group has found."""

    group: Group
    outcome: Outcome
    decision: ScalingDecision | None = None
    size: GroupSize | None = None
    said: Message = NOTHING


@dataclass(frozen=True, slots=True)
class ScalingLooks:
    """The looks at the groups. One thread drives it; groups are asked side by side."""

    telemetry: Telemetry
    home: Path
    ports: Ports

    def look(self, plan: CapacityPlan, works: Mapping[str, Work], now: datetime) -> None:
        """Decide about every group, record it, and order what is to be done."""
        if not plan.groups:
            return
        runs = newest_runs(plan.groups)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="scaling") as asking:
            found = list(asking.map(lambda each: self._seen(each, runs.get(each.key), now), plan.groups))
        _record(found, now)
        for each in found:
            if each.outcome is Outcome.SCALE and each.decision is not None and each.group.key in works:
                work = works[each.group.key]
                parameters = {"to": str(each.decision.to)}
                if (run := open_run(work, each.group.row.id, parameters, now)) is not None:
                    log.info("scaling_ordered", group=each.group.name, to=each.decision.to, run=run.pk)

    def _seen(self, group: Group, last: Run | None, now: datetime) -> _GroupLook:
        try:
            return self._decided(group, last, now)
        except ScalingFailed as failed:
            return _GroupLook(group, Outcome.NO_DATA, said=message_of(failed))
        except (StoreUnavailable, StoreRefused):
            return _GroupLook(group, Outcome.NO_DATA, said=Message("capacity.no-store"))
        except Exception as error:
            log.exception("scaling_look_failed", group=group.name)
            return _GroupLook(group, Outcome.NO_DATA, said=message_of(error))
        finally:
            # A scaler may have asked the state database in this thread, which ends.
            connections.close_all()

    def _decided(self, group: Group, last: Run | None, now: datetime) -> _GroupLook:
        with closing(group.opened(self.home, self.ports)) as scaler:
            size = scaler.size()
            wrong = policies.wrong_of(group, scaler, size)
        if wrong or not group.is_ours:
            return _GroupLook(group, Outcome.POLICY if wrong else Outcome.CALM, None, size, wrong)
        seen = seen_of(group, size, self.telemetry, now, last)
        decision = decide(group.terms, seen)
        said = Message("capacity.is-down", names=seen.down) if seen.down else NOTHING
        return _GroupLook(group, decision.outcome, decision, size, said)


def seen_of(
    group: Group, size: GroupSize, telemetry: Telemetry, now: datetime, last: Run | None = None
) -> GroupSeen:
    """Return what is known of *group* now; *last* is its newest run. Raises as `Telemetry.ask` does."""
    return GroupSeen(
        now,
        minutes_of(telemetry, group.metric, group.target, whole_minutes(now), group.terms.minutes),
        size.wanted,
        size.serving,
        measured_lately(telemetry, group.metric, group.target, now),
        down_of(telemetry, {group.target, *group.config.needs}, now),
        last.ended_at if last is not None else None,
        last is not None and last.state in Run.OPEN,
    )


def newest_runs(groups: Sequence[Group]) -> Mapping[str, Run]:
    """Return the newest run of each group that has any, by the key of its work."""
    mine = Run.objects.filter(work__in=[each.key for each in groups])
    newest = mine.values("work").annotate(newest=Max("pk")).values_list("newest", flat=True)
    return {run.work: run for run in Run.objects.filter(pk__in=list(newest))}


def _record(found: Sequence[_GroupLook], now: datetime) -> None:
    known = {(each.group, each.clause_id): each for each in ScalingLook.objects.all()}
    with transaction.atomic():
        for seen in found:
            key = seen.group.name, seen.group.row.id
            former = known.pop(key, None)
            goes_on = former is not None and former.outcome == seen.outcome
            ScalingLook.objects.update_or_create(
                group=key[0],
                clause_id=key[1],
                defaults={
                    "looked_at": now,
                    "outcome": seen.outcome,
                    "since": former.since if former is not None and goes_on else now,
                    "mean": seen.decision.mean if seen.decision is not None else None,
                    "size": asdict(seen.size) if seen.size is not None else None,
                    "said": seen.said,
                },
            )
        ScalingLook.objects.filter(pk__in=[each.pk for each in known.values()]).delete()
