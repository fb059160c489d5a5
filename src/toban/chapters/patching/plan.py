"""Which rows order patches, and which hosts get them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toban.chapters.patching.bindings import (
    PATCHES,
    PatchesBinding,
    PatchRow,
    hosts_twice,
    patch_rows,
    timed_by,
)
from toban.chapters.patching.hosts.looking import PatchGroup
from toban.chapters.patching.manager import MANAGER_KINDS, PATCHING
from toban.chapters.patching.upgrade import Stage
from toban.design.acts import SameAct, each_once, is_patching, same_acts
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.values.schedule import Schedule
from toban.engine.calendar.due import is_ever_due
from toban.engine.editions.announcements import managing_role
from toban.engine.editions.edition import Edition
from toban.engine.evidence.acts import also_answered
from toban.engine.operation import RowAnswer
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message
from toban.text import fitting_key


@dataclass(frozen=True, slots=True)
class PatchOrder:
    """A row that orders patches, and when they are planned."""

    row: PatchRow
    schedule: Schedule

    @property
    def key(self) -> str:
        """The key of its work."""
        return fitting_key(f"patches/{self.row.id}", 200)


@dataclass(frozen=True, slots=True)
class PatchingPlan:
    """What is patched, by which rows, and why other rows that order it are left out."""

    groups: Sequence[PatchGroup]
    """Staging first."""
    terms: PatchesBinding
    role: str
    """Who approves."""
    orders: Sequence[PatchOrder]
    acts: Sequence[SameAct]
    """The acts that one of the rows leads."""
    unbound: Mapping[str, RowAnswer]
    works: Mapping[str, Work] = field(default_factory=dict)

    @property
    def rows(self) -> Mapping[str, RowAnswer]:
        """See `Plan`."""
        answers = {**self.unbound, **dict.fromkeys((each.row.id for each in self.orders), NOTHING)}
        return also_answered(answers, self.acts)

    def group(self, name: str) -> PatchGroup | None:
        """Return the group *name*."""
        return next((each for each in self.groups if each.name == name), None)


def plan(edition: Edition) -> PatchingPlan:
    """Return what is patched by *edition*, without the works."""
    bindings, terms = edition.bindings, PATCHES.of(edition.bindings)
    kinds: Mapping[str, Any] = edition.kinds.of(MANAGER_KINDS)
    groups = [PatchGroup(name, each.config, kinds[each.kind]) for name, each in PATCHING.of(bindings).items()]
    groups.sort(key=lambda each: list(Stage).index(each.config.stage))
    twice = hosts_twice({each.name: each.config for each in groups})
    acts = tuple(act for act in same_acts(edition.design) if _orders(act.leading))
    unbound: dict[str, RowAnswer] = {}
    orders: list[PatchOrder] = []
    for row, schedule in each_once(patch_rows(edition.design), edition.design):
        timed = timed_by(schedule, terms)
        if not groups:
            # What people do is their task meanwhile, and runs as such.
            unbound[row.id] = Message("patching.not-bound", file=bindings.file)
        elif twice:
            # It would have two turns, and what one group keeps the other would install.
            host, names = next(iter(twice.items()))
            unbound[row.id] = Message("patching.host-in-groups", host=host, groups=names)
        elif not is_ever_due(timed, bindings.system):
            unbound[row.id] = Message("patching.never-due", schedule=schedule.text)
        else:
            orders.append(PatchOrder(row, timed))
    role = terms.role or managing_role(edition.design)
    return PatchingPlan(groups, terms, role, orders, acts, unbound)


def _orders(row: object) -> bool:
    return isinstance(row, SecurityRoutine | Routine) and is_patching(row)
