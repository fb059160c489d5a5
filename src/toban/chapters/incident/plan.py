"""What chapter 7 acts on: levels with their clocks, the flow, known failures with their remedies. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toban.chapters.incident.bindings import INCIDENTS, IncidentBinding, RemedyBinding
from toban.chapters.incident.gameday.planned import PlannedGameDay, game_days
from toban.chapters.incident.remedies.remedy import REMEDIES, REMEDY_KINDS, Remedy, RemedyKind, RemedySite
from toban.design.clauses.incident import (
    FailurePattern,
    FlowStage,
    IncidentFlow,
    IncidentLevel,
    IncidentScope,
)
from toban.design.clauses.monitoring import Monitor
from toban.design.values.severity import IncidentSeverity
from toban.engine.bindings.model import System
from toban.engine.editions.announcements import managing_role
from toban.engine.editions.edition import Edition
from toban.engine.notify.routing.contacts import folded
from toban.engine.operation import Declared, RowAnswer
from toban.engine.registry.ports import Ports
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message

REMEDY = "remedy/"
"""Before the keys of the works that carry out remedies."""


@dataclass(frozen=True, slots=True)
class PlannedRemedy:
    """A remedy of a known failure that is bound."""

    row: FailurePattern
    name: str
    """Of its table, `[remedies.NAME]`."""
    order: int
    """Its place in the row: the first is tried first."""
    targets: tuple[str, ...]
    """What it may mend, by the document's names."""
    config: RemedyBinding
    kind: RemedyKind
    edition: Edition = field(repr=False)

    @property
    def key(self) -> str:
        """The work of the run ledger that carries it out."""
        return f"{REMEDY}{self.name}"

    @property
    def bound(self) -> str:
        """What it does, for those who approve."""
        return self.kind.bound(self.config)

    def opened(self, target: str, home: Path, ports: Ports) -> Remedy:
        """Return it, ready to mend *target*; *home* is Toban's."""
        folder = self.edition.bindings.folder.absolute()
        return self.kind.open(self.config, RemedySite(self.name, target, folder, home, ports, self.edition))


@dataclass(frozen=True, slots=True)
class IncidentPlan:
    """What chapter 7 acts on, and why it leaves out the rest."""

    levels: Sequence[IncidentLevel]
    """The most severe first."""
    flow: IncidentFlow | None
    patterns: Sequence[FailurePattern]
    """In the order of the document."""
    remedies: Sequence[PlannedRemedy]
    config: IncidentBinding
    manager: str
    system: System
    document_digest: str
    acting_digest: str
    unbound: Mapping[str, RowAnswer]
    tasks: Mapping[str, Work] = field(default_factory=dict)
    """What people owe after an incident, by the key of the work."""

    @property
    def limited(self) -> Sequence[IncidentLevel]:
        """The levels that promise a time: there is nothing to measure about the others."""
        return [row for row in self.levels if _has_limit(row)]

    works: Mapping[str, Work] = field(default_factory=dict)
    """What the run ledger runs for it, by the key of the work."""
    game_days: Mapping[str, PlannedGameDay] = field(default_factory=dict)
    """The failures that can be made, by the key of their work."""

    @property
    def rows(self) -> Mapping[str, RowAnswer]:
        """See `Plan`."""
        acting = [row.id for row in self.limited]
        acting += [self.flow.id] if self.flow is not None else []
        acting += [each.row.id for each in self.remedies]
        return {**self.unbound, **dict.fromkeys(acting, NOTHING)}

    def level(self, name: str) -> IncidentLevel | None:
        """Return the level that the document calls *name*."""
        return next((row for row in self.levels if folded(row.name) == folded(name)), None)

    def level_of(self, scope: IncidentScope) -> IncidentLevel | None:
        """Return the level for a failure of *scope*: by its definition, else by its place in the order."""
        by_words = next((row for row in self.levels if row.scope is scope), None)
        if by_words is not None or not self.levels:
            return by_words
        place = list(IncidentScope).index(scope)
        return self.levels[min(place, len(self.levels) - 1)]

    def step_about(self, stage: FlowStage) -> str:
        """Return the flow's first step about *stage*, in the document's words; empty if it has none."""
        if self.flow is None or stage not in self.flow.stages:
            return ""
        return self.flow.steps[self.flow.stages.index(stage)]

    def remedies_of(self, row: FailurePattern) -> Sequence[PlannedRemedy]:
        """Return the bound remedies of *row*, in its order."""
        return [each for each in self.remedies if each.row.id == row.id]


def plan(edition: Edition) -> IncidentPlan:
    """Return what is acted on of *edition*."""
    design, bindings = edition.design, edition.bindings
    unbound: dict[str, RowAnswer] = {}
    flows = design.of(IncidentFlow)
    for row in design.of(IncidentLevel):
        if not _has_limit(row):
            unbound[row.id] = Declared(Message("incident.level-without-limit", level=row.name))
    return IncidentPlan(
        levels=_by_severity(design.of(IncidentLevel)),
        flow=flows[0] if flows else None,
        patterns=design.of(FailurePattern),
        remedies=tuple(_remedies(edition, unbound)),
        config=INCIDENTS.of(bindings),
        manager=managing_role(design),
        system=bindings.system,
        document_digest=design.digest,
        acting_digest=bindings.acting_digest,
        unbound=unbound,
        game_days=game_days(edition),
    )


def _has_limit(row: IncidentLevel) -> bool:
    return row.is_immediate or row.respond_within is not None or row.recover_within is not None


def _by_severity(rows: Sequence[IncidentLevel]) -> Sequence[IncidentLevel]:
    order = list(IncidentScope)
    severities = [row.severity for row in rows]
    if None in severities:
        # Level 1 is the most severe in some companies and the least in others: the definitions tell.
        return sorted(rows, key=lambda row: order.index(row.scope) if row.scope else len(order))
    ranks = list(IncidentSeverity)
    return sorted(rows, key=lambda row: ranks.index(row.severity) if row.severity else len(ranks))


def _remedies(edition: Edition, unbound: dict[str, RowAnswer]) -> Iterator[PlannedRemedy]:
    bindings, kinds = edition.bindings, edition.kinds.of(REMEDY_KINDS)
    bound = {folded(name): (name, each) for name, each in REMEDIES.of(bindings).items()}
    for row in edition.design.of(FailurePattern):
        if row.symptom is None:
            unbound[row.id] = Declared(Message("incident.symptom-unknown", name=row.name))
            continue
        found = [
            (order, bound[folded(name)]) for order, name in enumerate(row.remedies) if folded(name) in bound
        ]
        if not found:
            unbound[row.id] = Message(
                "incident.no-remedy-bound", remedies=list(row.remedies), file=bindings.file
            )
        for order, (name, binding) in found:
            targets = (binding.config.target,) if binding.config.target else _targets(row, edition)
            yield PlannedRemedy(row, name, order, targets, binding.config, kinds[binding.kind], edition)


def _targets(row: FailurePattern, edition: Edition) -> tuple[str, ...]:
    """Return the targets of monitors that *row* is about."""
    names = dict.fromkeys(monitor.target for monitor in edition.design.of(Monitor))
    return tuple(name for name in names if row.is_about(name))
