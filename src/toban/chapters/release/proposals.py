"""What `toban init` proposes for chapter 5: where versions come from and how they are brought. Pure."""

from collections.abc import Collection, Iterator

from toban.chapters.release.engine import ENGINE_KINDS
from toban.chapters.release.source import SOURCE_KINDS
from toban.design.clauses.release import DeployFlow, DeployRule, ReleaseSchedule, RollbackProcedure
from toban.design.reader import Design
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds
from toban.message import Message

_SOURCE, _ENGINE = "git", "ssh"


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield a service to be named, and every environment that *design* has versions brought to."""
    environments = {row.environment: row for row in design.of(DeployRule)}
    sources, engines = kinds.of(SOURCE_KINDS), kinds.of(ENGINE_KINDS)
    if not environments or _SOURCE not in sources or _ENGINE not in engines:
        return
    rows = (*design.of(DeployFlow), *design.of(ReleaseSchedule), *design.of(RollbackProcedure))
    notes = [Message("release.name-what-is-released"), *_others(sources, _SOURCE)]
    yield OpenTable("releases", "app", rows, [BindingProposal(_SOURCE, sources[_SOURCE].config)], notes)
    notes = [Message("release.name-how-it-is-brought"), *_others(engines, _ENGINE)]
    for environment, row in environments.items():
        proposal = BindingProposal(_ENGINE, engines[_ENGINE].config)
        yield OpenTable("deployments", environment, [row], [proposal], notes)


def _others(kinds: Collection[str], proposed: str) -> Iterator[Message]:
    """Yield which other kinds there are."""
    others = tuple(name for name in sorted(kinds) if name != proposed)
    if others:
        yield Message("release.other-kinds", kinds=others)
