"""The environments of the document joined to their bindings: what chapter 5 runs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from toban.chapters.release.bindings import DeploymentBinding, ReleaseBinding
from toban.chapters.release.engine import DEPLOYMENTS, ENGINE_KINDS, DeployEngine, DeploySite, EngineKind
from toban.chapters.release.places import folder_of
from toban.chapters.release.source import RELEASES, SOURCE_KINDS, ReleaseSource, SourceKind
from toban.design.clauses.release import DeployFlow, DeployRule, ReleaseSchedule, RollbackProcedure
from toban.engine.bindings.model import Bindings, Person, System
from toban.engine.editions.announcements import managing_role
from toban.engine.editions.edition import Edition
from toban.engine.notify.routing.contacts import folded
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message

_TWO = 2
"""So many environments make one a place before the other."""


@dataclass(frozen=True, slots=True)
class Service:
    """Something that is released, with its source."""

    name: str
    config: ReleaseBinding
    kind: SourceKind

    def opened(self, home: Path) -> ReleaseSource:
        """Return its source; *home* is Toban's."""
        folder = folder_of(home, "sources", self.name)
        return self.kind.open(self.config, folder)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One environment of one service."""

    name: str
    """Of its table, `[deployments.NAME]`."""
    service: Service
    rule: DeployRule
    """The row that orders how versions get there."""
    config: DeploymentBinding
    kind: EngineKind
    folder: Path
    """The folder of `toban.toml`."""
    before: str = ""
    """The deployment whose checked versions only are taken; empty if any are."""

    def opened(self, home: Path) -> DeployEngine:
        """Return its engine; *home* is Toban's."""
        return self.kind.open(self.config, self.site(home))

    def site(self, home: Path) -> DeploySite:
        """Return the context of its engine; *home* is Toban's."""
        own = folder_of(home, "deployments", self.name)
        return DeploySite(self.name, self.rule.environment, self.service.name, self.folder, own)

    @property
    def release_key(self) -> str:
        """The work of the run ledger that brings a version there."""
        return f"release/{self.name}"

    @property
    def rollback_key(self) -> str:
        """The work that goes back."""
        return f"rollback/{self.name}"

    @property
    def drill_key(self) -> str:
        """The work that rehearses the way back."""
        return f"rollback-drill/{self.name}"


@dataclass(frozen=True, slots=True)
class ReleaseChapterPlan:
    """What chapter 5 runs, and why it does not run the rest."""

    deployments: Mapping[str, Deployment]
    """By the name of the table, in the order of the document's rows."""
    services: Mapping[str, Service]
    flow: DeployFlow | None
    schedules: Sequence[ReleaseSchedule]
    rollback: RollbackProcedure | None
    manager: str
    """The operations manager, by the document's own word."""
    system: System
    document_digest: str
    acting_digest: str
    unbound: Mapping[str, Message]
    """Clause id → why it does not run."""
    people: Sequence[Person] = ()
    """Those of `[people]`: who has written a commit does not approve it."""
    tasks: Mapping[str, Work] = field(default_factory=dict)
    """What people sign off about releases, by the key of the work."""

    @property
    def rows(self) -> Mapping[str, Message]:
        """See `Plan`."""
        bound = [each.rule.id for each in self.deployments.values()]
        if self.deployments:
            bound += [row.id for row in (*self.schedules, self.flow, self.rollback) if row is not None]
        return {**dict.fromkeys(bound, NOTHING), **self.unbound}

    def of(self, service: str) -> Sequence[Deployment]:
        """Return the deployments of *service*, in the order of the document's rows."""
        return [each for each in self.deployments.values() if each.service.name == service]


def plan(edition: Edition) -> ReleaseChapterPlan:
    """Return the releases of *edition*."""
    design, bindings = edition.design, edition.bindings
    services = _services(edition)
    deployments, unbound = _deployments(edition, services)
    rows = (*design.of(DeployFlow), *design.of(ReleaseSchedule), *design.of(RollbackProcedure))
    if not deployments:
        unbound |= {row.id: Message("release.none-is-bound", file=bindings.file) for row in rows}
    return ReleaseChapterPlan(
        deployments,
        services,
        next(iter(design.of(DeployFlow)), None),
        tuple(design.of(ReleaseSchedule)),
        next(iter(design.of(RollbackProcedure)), None),
        managing_role(design),
        bindings.system,
        design.digest,
        bindings.acting_digest,
        unbound,
        tuple(bindings.people.values()),
    )


def _services(edition: Edition) -> Mapping[str, Service]:
    kinds = edition.kinds.of(SOURCE_KINDS)
    bound = RELEASES.of(edition.bindings)
    return {name: Service(name, each.config, kinds[each.kind]) for name, each in bound.items()}


def _deployments(
    edition: Edition, services: Mapping[str, Service]
) -> tuple[dict[str, Deployment], dict[str, Message]]:
    """Return the deployments in the order of the document's rows, and why the other rows have none."""
    design, bindings = edition.design, edition.bindings
    found: dict[str, Deployment] = {}
    unbound: dict[str, Message] = {}
    for rule in design.of(DeployRule):
        tables = _tables_of(rule, bindings)
        if not tables:
            unbound[rule.id] = Message("release.not-bound", environment=rule.environment, file=bindings.file)
        for name, config in tables.items():
            made = _deployment(name, config, rule, edition, services)
            if isinstance(made, Message):
                unbound[rule.id] = made
            else:
                found[name] = made
    return _in_turn(found), unbound


def _tables_of(rule: DeployRule, bindings: Bindings) -> Mapping[str, DeploymentBinding]:
    wanted = folded(rule.environment)
    bound = {name: each.config for name, each in DEPLOYMENTS.of(bindings).items()}
    return {name: each for name, each in bound.items() if folded(each.environment or name) == wanted}


def _deployment(
    name: str,
    config: DeploymentBinding,
    rule: DeployRule,
    edition: Edition,
    services: Mapping[str, Service],
) -> Deployment | Message:
    chosen = config.service or (next(iter(services)) if len(services) == 1 else "")
    if chosen not in services:
        return Message("release.no-such-service", name=name, service=chosen, file=edition.bindings.file)
    kind = edition.kinds.of(ENGINE_KINDS)[DEPLOYMENTS.of(edition.bindings)[name].kind]
    return Deployment(name, services[chosen], rule, config, kind, edition.bindings.folder.absolute())


def _in_turn(found: Mapping[str, Deployment]) -> dict[str, Deployment]:
    """Return *found*, where the last environment of each service takes only what the one before has had."""
    by_service: dict[str, list[str]] = {}
    for name, each in found.items():
        by_service.setdefault(each.service.name, []).append(name)
    before = {names[-1]: names[-2] for names in by_service.values() if len(names) >= _TWO}
    return {name: replace(each, before=before.get(name, "")) for name, each in found.items()}
