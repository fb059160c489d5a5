"""The status of every row that orders patches, and the alerts about what went wrong."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from django.db import transaction

from toban.chapters.patching.judging import LastPatches, PatchState, judge
from toban.chapters.patching.plan import PatchingPlan
from toban.design.clauses.base import Clause
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.evidence.acts import also_shown
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode, ModeDecisions, mode_now, word
from toban.engine.notify import alerts
from toban.engine.notify.signal import Condition
from toban.engine.rows.judgement import Judgement
from toban.engine.rows.report import RowAlerts, condition_of, reviewed, update_of
from toban.engine.runs.models import FinishedStep, Run
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.rules import RunReason
from toban.engine.runs.standing import ENDED, WorkStatus, last_shadows, standings
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message

_ALERTS = RowAlerts(
    item="patches",
    limit=Message("patching.as-the-row-orders"),
    advice=Message("patching.look-at-the-page"),
)


def tell(plan: PatchingPlan, edition: Edition, now: datetime) -> None:
    """Show the status of every row, and report what is wrong."""
    judged = reviewed(_judged(plan, edition, now))
    names = {order.row.id: order.row.name for order in plan.orders}
    signals = [
        _ALERTS.signal(
            row,
            each,
            now,
            condition=_condition(each),
            subject=Message("patching.subject", name=names[row.id]),
        )
        for row, each in judged
    ]
    updates = [update_of(row, each, now) for row, each in judged]
    with transaction.atomic():
        status.show(list(also_shown(updates, plan.acts)), now, edition.design.digest)
        alerts.report(signals, now, edition.design.digest)


def _condition(found: Judgement) -> Condition:
    # That nothing is done in shadow is no news: somebody has chosen it, and the row says it.
    return Condition.OK if found.value == word(Mode.SHADOW) else condition_of(found)


def _judged(plan: PatchingPlan, edition: Edition, now: datetime) -> Iterator[tuple[Clause, Judgement]]:
    keys = [each.key for each in plan.orders]
    found, shadows, decided = standings(keys, now), last_shadows(keys), modes.decisions()
    zone = edition.bindings.system.zone
    asked = _asked(each.last.pk for each in found.values() if each.last is not None)
    bound = [host for group in plan.groups for host in group.config.hosts]
    for order in plan.orders:
        work, shadowed = found.get(order.key, WorkStatus()), shadows.get(order.key)
        state = PatchState(
            last=_last(work.last, zone, bound, asked),
            mode=_mode(plan.works.get(order.key), decided),
            under_way=_under_way(work.current),
            shadowed_at=shadowed.astimezone(zone) if shadowed is not None else None,
            next_due=work.next_due,
        )
        yield order.row, judge(state)


def _mode(work: Work | None, decided: ModeDecisions) -> Mode:
    return Mode.SHADOW if work is None else mode_now(schedule_act(work), decided)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a run has heard from the hosts when it made its plan."""

    hosts: Collection[str] = ()
    unrated: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """See `LastPatches`."""


def _asked(runs: Iterable[int]) -> Mapping[int, _Asked]:
    """Return what each of *runs* was told about what is to be installed."""
    plans = FinishedStep.objects.filter(run__in=list(runs), name="plan")
    found = plans.values_list("run", "result__names", "result__unrated")
    return {run: _Asked(frozenset(names or ()), unrated or {}) for run, names, unrated in found}


def _last(
    run: Run | None, zone: tzinfo, bound: Sequence[str], asked: Mapping[int, _Asked]
) -> LastPatches | None:
    if run is None:
        return None
    heard = asked.get(run.pk, _Asked())
    has_begun = run.state == Run.State.FAILED and run.reason not in (RunReason.UNANSWERED, RunReason.REFUSED)
    return LastPatches(
        run=run.pk,
        at=(run.ended_at or run.due_at).astimezone(zone),
        said=run.note or ENDED[Run.State(run.state)],
        has_succeeded=run.state == Run.State.DONE,
        has_begun=has_begun,
        unseen=tuple(each for each in bound if each not in heard.hosts),
        unrated=heard.unrated,
    )


def _under_way(run: Run | None) -> Message:
    if run is None:
        return NOTHING
    if run.state == Run.State.RUNNING:
        return Message("patching.under-way", step=Message(f"patching.step-{run.step or 'plan'}"))
    return run.note or Message("patching.waits")
