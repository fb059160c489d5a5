"""The rows of chapter 9 joined to their bindings: what is measured, forecast and scaled. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from pathlib import Path

from toban.chapters.capacity.bindings import ResourceBinding, ScalingBinding
from toban.chapters.capacity.scaler import SCALER_KINDS, SCALING, Scaler, ScalerKind, ScalerSite
from toban.chapters.capacity.scaling.rules import MINUTE, ScalingTerms
from toban.chapters.capacity.stated import HIGH, measured_as, why_not_scaled
from toban.chapters.capacity.usage import RESOURCES, USAGE_KINDS, UsageKind, UsageSite, UsageSource
from toban.design.clauses.capacity import CapacityReview, ResourceUsage, ScalingRule, names_group
from toban.design.values.metric import Metric, read_metric
from toban.design.values.threshold import Comparison, Threshold
from toban.engine.bindings.model import System
from toban.engine.editions.announcements import managing_role
from toban.engine.editions.edition import Edition
from toban.engine.notify.routing.contacts import folded
from toban.engine.operation import Declared, RowAnswer
from toban.engine.registry.ports import Ports
from toban.engine.runs.work import Work
from toban.engine.telemetry.store import Telemetry
from toban.engine.telemetry.units import in_unit_of
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class Resource:
    """A row of the usage table that is measured."""

    row: ResourceUsage
    name: str
    """Of its table, `[resources.NAME]`."""
    config: ResourceBinding
    kind: UsageKind
    edition: Edition = field(repr=False)

    def opened(self, telemetry: Telemetry) -> UsageSource:
        """Return its source."""
        return self.kind.open(self.config, self.site(telemetry))

    def site(self, telemetry: Telemetry) -> UsageSite:
        """Return the context of its source."""
        folder = self.edition.bindings.folder.absolute()
        return UsageSite(self.row.resource, folder, telemetry, self.edition)

    @property
    def unit(self) -> str:
        """The unit that it is measured in: `B`, or nothing for a plain number."""
        return self.kind.unit(self.config)

    @property
    def is_storage(self) -> bool:
        """Whether it is room for data."""
        return self.kind.is_storage(self.config)

    @property
    def sets_limit(self) -> bool:
        """Whether the limit that is measured with its use is a setting; see `UsageKind`."""
        return self.kind.sets_limit(self.config, self.edition)

    @property
    def stated_limit(self) -> float | None:
        """The document's limit, as it is measured."""
        return measured_as(self.row.limit, self.unit)

    @property
    def stated_use(self) -> float | None:
        """The document's snapshot of the use, as it is measured."""
        return measured_as(self.row.used, self.unit)

    @property
    def extend_share(self) -> float | None:
        """The share of the limit from which it is to be extended, 0 to 1; None if the row names none."""
        at = self.row.extend_at
        is_share = at is not None and at.limit.unit == "%" and at.comparison in HIGH
        return float(at.limit.value) / 100 if at is not None and is_share else None


@dataclass(frozen=True, slots=True)
class Group:
    """A group of instances that a rule scales."""

    row: ScalingRule
    name: str
    """Of its table, `[scaling.GROUP]`."""
    metric: Metric
    limit: float
    """In the metric's unit."""
    comparison: Comparison
    sustained: timedelta
    step: int
    most: int | None
    """How many instances the document, or the binding, allows; None if neither says it."""
    config: ScalingBinding
    kind: ScalerKind
    edition: Edition = field(repr=False)

    def opened(self, home: Path, ports: Ports) -> Scaler:
        """Return its scaler; *home* is Toban's."""
        return self.kind.open(self.config, self.site(home, ports))

    def site(self, home: Path, ports: Ports) -> ScalerSite:
        """Return the context of its scaler; *home* is Toban's."""
        folder = self.edition.bindings.folder.absolute()
        return ScalerSite(self.name, folder, home, ports, self.edition)

    @property
    def key(self) -> str:
        """The work of the run ledger that scales it."""
        return f"scale/{self.name}"

    @property
    def terms(self) -> ScalingTerms:
        """The rule about it."""
        minutes = max(ceil(self.sustained / MINUTE), 1)
        return ScalingTerms(self.limit, self.comparison, minutes, self.step, self.most, self.cool_down)

    @property
    def target(self) -> str:
        """The target whose samples decide."""
        return self.config.target or self.name

    @property
    def cool_down(self) -> timedelta:
        """How long after an instance was added no other is."""
        return self.config.cool_down or self.sustained

    @property
    def is_ours(self) -> bool:
        """Whether Toban itself scales it."""
        return self.config.by == "toban"

    @property
    def bound(self) -> str:
        """What it acts on, for those who approve."""
        return self.kind.bound(self.config)


@dataclass(frozen=True, slots=True)
class HandRule:
    """A rule that people carry out: what they extend, and from which share on."""

    row: ScalingRule
    share: float
    """Of the limit, 0 to 1."""
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    """What chapter 9 measures, forecasts and scales, and why it leaves out the rest."""

    resources: Sequence[Resource]
    """In the order of the document's rows."""
    groups: Sequence[Group]
    by_hand: Sequence[HandRule]
    forecasts: Sequence[CapacityReview]
    """The rows that order a forecast and name no time."""
    manager: str
    system: System
    document_digest: str
    acting_digest: str
    unbound: Mapping[str, RowAnswer]
    tasks: Mapping[str, Work] = field(default_factory=dict)
    """What people extend and review, by the key of the work."""

    @property
    def rows(self) -> Mapping[str, RowAnswer]:
        """See `Plan`."""
        bound = [each.row.id for each in self.resources]
        bound += [each.row.id for each in self.groups]
        bound += [each.row.id for each in self.by_hand]
        bound += [row.id for row in self.forecasts]
        bound += [work.clause_id for work in self.tasks.values()]
        return {**self.unbound, **dict.fromkeys(bound, NOTHING)}

    def groups_of(self, row: ScalingRule) -> Sequence[Group]:
        """Return the groups that *row* scales."""
        return [each for each in self.groups if each.row.id == row.id]

    def resource(self, name: str) -> Resource | None:
        """Return the resource that is bound, or called in the document, by *name*."""
        wanted = folded(name)
        found = (each for each in self.resources if wanted in (folded(each.name), folded(each.row.resource)))
        return next(found, None)


def plan(edition: Edition) -> CapacityPlan:
    """Return what is measured, forecast and scaled of *edition*."""
    design, bindings = edition.design, edition.bindings
    unbound: dict[str, RowAnswer] = {}
    resources = list(_resources(edition, unbound))
    groups = list(_groups(edition, resources, unbound))
    by_hand = list(_by_hand(edition, resources, unbound))
    forecasts = [row for row in design.of(CapacityReview) if row.schedule is None]
    if not resources:
        unbound |= {row.id: Message("capacity.nothing-measured", file=bindings.file) for row in forecasts}
        forecasts = []
    return CapacityPlan(
        resources,
        groups,
        by_hand,
        forecasts,
        managing_role(design),
        bindings.system,
        design.digest,
        bindings.acting_digest,
        unbound,
    )


def _resources(edition: Edition, unbound: dict[str, RowAnswer]) -> Iterator[Resource]:
    bindings, kinds = edition.bindings, edition.kinds.of(USAGE_KINDS)
    bound = {folded(name): (name, each) for name, each in RESOURCES.of(bindings).items()}
    for row in edition.design.of(ResourceUsage):
        if (found := bound.get(folded(row.resource))) is None:
            unbound[row.id] = Message("capacity.not-bound", resource=row.resource, file=bindings.file)
            continue
        name, binding = found
        each = Resource(row, name, binding.config, kinds[binding.kind], edition)
        if each.stated_limit is None:
            unbound[row.id] = Message(
                "capacity.other-measure", name=name, limit=str(row.limit), kind=binding.kind
            )
            continue
        yield each


def _groups(
    edition: Edition, resources: Sequence[Resource], unbound: dict[str, RowAnswer]
) -> Iterator[Group]:
    bindings = edition.bindings
    for row in edition.design.of(ScalingRule):
        if not row.is_automatic:
            continue
        trigger = row.trigger
        why = why_not_scaled(row)
        if why or trigger is None:
            unbound[row.id] = Declared(why)
            continue
        named = [name for name in SCALING.of(bindings) if names_group(row, name)]
        if not named:
            unbound[row.id] = Message("capacity.no-group-bound", action=row.action, file=bindings.file)
        for name in named:
            yield _group(row, trigger, name, edition, resources)


def _group(
    row: ScalingRule, trigger: Threshold, name: str, edition: Edition, resources: Sequence[Resource]
) -> Group:
    bound = SCALING.of(edition.bindings)[name]
    config, metric = bound.config, read_metric(trigger.subject)
    limit = None if metric is None else in_unit_of(metric, trigger.limit)
    if metric is None or limit is None:
        raise AssertionError("a row that can't be scaled has been left out")
    stated = trigger.sustained
    counted = next((each for each in resources if folded(each.name) == folded(config.resource)), None)
    return Group(
        row,
        name,
        metric,
        limit,
        trigger.comparison,
        config.sustained if stated is None else stated.as_timedelta(),
        row.step,
        config.most or (int(counted.stated_limit or 0) if counted is not None else None) or None,
        config,
        edition.kinds.of(SCALER_KINDS)[bound.kind],
        edition,
    )


def _by_hand(
    edition: Edition, resources: Sequence[Resource], unbound: dict[str, RowAnswer]
) -> Iterator[HandRule]:
    for row in edition.design.of(ScalingRule):
        if row.is_automatic:
            continue
        trigger = row.trigger
        if trigger is None or trigger.limit.unit != "%" or trigger.comparison not in HIGH:
            unbound[row.id] = Declared(Message("capacity.no-share-to-watch", trigger=row.trigger_text))
            continue
        concerned = tuple(each for each in resources if _concerns(trigger, each))
        if not concerned:
            unbound[row.id] = Message(
                "capacity.no-such-resource", trigger=row.trigger_text, file=edition.bindings.file
            )
            continue
        yield HandRule(row, float(trigger.limit.value) / 100, concerned)


def _concerns(trigger: Threshold, resource: Resource) -> bool:
    """Return whether *trigger* is about the use of *resource*: by its name, or of any room for data."""
    if folded(resource.row.resource) in folded(trigger.subject):
        return True
    return resource.is_storage and read_metric(trigger.subject) is Metric.DISK_USAGE
