"""The operation of chapter 9: resources are measured and forecast, and groups are scaled."""

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.conf import settings

from toban.chapters.capacity import outlooks
from toban.chapters.capacity import plan as planning
from toban.chapters.capacity.measuring.meter import Meter
from toban.chapters.capacity.plan import CapacityPlan, Group, Resource
from toban.chapters.capacity.rows import extending, report, reviews
from toban.chapters.capacity.scaler import SCALING, ScalingFailed
from toban.chapters.capacity.scaling import policies
from toban.chapters.capacity.scaling import works as scaling
from toban.chapters.capacity.scaling.looking import ScalingLooks
from toban.chapters.capacity.usage import RESOURCES, UsageUnknown
from toban.design.clauses.base import Clause
from toban.design.clauses.capacity import ResourceUsage
from toban.design.values.metric import Metric
from toban.engine.editions.edition import Edition
from toban.engine.operation import (
    ChartedSeries,
    EditionLoop,
    Operation,
    WorkerShift,
    Workplace,
)
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.runs.work import Work
from toban.engine.tasks import chores
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.engine.trial import Doubt, Trial, TrialCode, place_of, quote_of
from toban.message import Message

_NOWHERE = "http://127.0.0.1:9/toban"


def _plan(edition: Edition) -> CapacityPlan:
    made = planning.plan(edition)
    reviewed, unbound = reviews.works(made, edition)
    tasks = {**extending.works(made, edition), **reviewed}
    return replace(made, tasks=tasks, unbound={**made.unbound, **unbound})


def _works(made: CapacityPlan) -> Mapping[str, Work]:
    return {**scaling.works(made), **made.tasks}


def _shift(at: Workplace) -> WorkerShift:
    meter = Meter(at.telemetry, at.samples)
    looks = ScalingLooks(at.telemetry, settings.HOME, at.ports)

    def measure(edition: Edition, now: datetime) -> None:
        meter.step(edition.plan(OPERATION), now)

    def foresee(edition: Edition, now: datetime) -> None:
        # A store that is away is told of by those who write into it; the forecasts are made later.
        with suppress(StoreUnavailable):
            at.telemetry.ensure_schema()
            outlooks.look(edition.plan(OPERATION), at.telemetry, now)

    def scale(edition: Edition, now: datetime) -> None:
        made = edition.plan(OPERATION)
        looks.look(made, scaling.works(made), now)

    def tell(edition: Edition, now: datetime) -> None:
        made = edition.plan(OPERATION)
        report.tell(made, scaling.works(made), edition, now)

    loops = (
        EditionLoop("capacity-usage", measure, every=1.0, leads=True),
        EditionLoop("capacity-forecast", foresee, every=60.0, leads=True),
        EditionLoop("capacity-scaling", scale, every=60.0, leads=True),
        EditionLoop("capacity-status", tell, every=5.0, leads=True),
    )
    return WorkerShift(loops, meter.close)


def _trials(edition: Edition, now: datetime) -> Iterator[Trial]:
    made, bindings = edition.plan(OPERATION), edition.bindings
    for resource in made.resources:
        yield Trial(
            TrialCode.CAPACITY,
            Message("capacity.trial-resource", resource=resource.row.resource),
            place_of(bindings, "resources", resource.name),
            quote_of("resources", resource.name, RESOURCES.of(bindings)[resource.name]),
            partial(_resource_doubts, resource, now),
            Message("capacity.check-resource"),
        )
    for group in {each.name: each for each in made.groups}.values():
        yield Trial(
            TrialCode.CAPACITY,
            Message("capacity.trial-group", group=group.name),
            place_of(bindings, "scaling", group.name),
            quote_of("scaling", group.name, SCALING.of(bindings)[group.name]),
            partial(_group_doubts, group),
            Message("capacity.check-group"),
        )


def _resource_doubts(resource: Resource, now: datetime) -> Iterator[Doubt]:
    store = _store()
    with closing(resource.opened(store)) as source:
        try:
            source.measure(now)
            yield from resource.kind.doubts(resource.config, resource.site(store))
        except UsageUnknown as unknown:
            yield unknown.doubt


def _store() -> Telemetry:
    """Return the store; before Toban has run, one that answers nothing: few kinds ask it, and they say so."""
    try:
        return telemetry()
    except StoreUnavailable:
        return Telemetry(_NOWHERE)


def _group_doubts(group: Group) -> Iterator[Doubt]:
    site = group.site(settings.HOME, settings.PARTS.ports)
    with closing(group.opened(settings.HOME, settings.PARTS.ports)) as scaler:
        try:
            found = list(group.kind.doubts(group.config, site))
            yield from found
            # What it says of itself is not said twice.
            if not found and (wrong := policies.wrong_of(group, scaler, scaler.size())):
                yield wrong
        except ScalingFailed as failed:
            yield failed.doubt


def _to_do(edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    yield from chores.to_do(edition.plan(OPERATION).tasks, edition, seen)


def _chart(clause: Clause) -> ChartedSeries | None:
    if not isinstance(clause, ResourceUsage):
        return None
    return ChartedSeries(Metric.USED_AMOUNT, clause.resource, clause.resource)


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, trials=_trials, to_do=_to_do, chart=_chart)
