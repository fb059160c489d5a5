"""What is to be installed on hosts, as values: found, chosen, shown, and bound by a digest. Pure."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Self

from toban.message import NOTHING, Message, from_json

_OF_KERNEL = re.compile(
    r"linux-(?:image|modules)|kernel(?:$|:|-core|-default)|.*-microcode|microcode_ctl|linux-firmware"
)


class Stage(StrEnum):
    """When a group has its turn."""

    STAGING = "staging"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True, order=True)
class Upgrade:
    """A package, and the version that it gets."""

    name: str
    old: str
    """Empty for one that is newly installed, since an upgrade needs it."""
    new: str
    is_security: bool = True
    """Whether it comes from where the distribution publishes its security fixes."""

    def __str__(self) -> str:
        return f"{self.name} {self.old} → {self.new}" if self.old else f"{self.name} {self.new}"


@dataclass(frozen=True, slots=True)
class HostLook:
    """What a host says of its packages."""

    available: tuple[Upgrade, ...]
    held: tuple[str, ...] = ()
    """Packages that the host itself keeps at their version."""
    kept_back: tuple[Upgrade, ...] = ()
    """What is newer and would not be installed: held, or only to be had at the cost of another package."""
    unrated: tuple[str, ...] = ()
    """Repositories that have something newer, and don't say what of it is a security fix."""
    unfinished: str = ""
    """What an interrupted installation has left; empty if nothing."""
    needs_reboot: bool = False
    restarts: tuple[str, ...] = ()
    """Services that still run with what was replaced."""
    by_maps: bool = False
    """Whether that was seen by the memory of processes: there is no needrestart, which would restart them."""
    unseen: int = 0
    """Processes that could not be looked at for it."""
    boot: str = ""
    """What is another at each start of the host; empty if it doesn't say."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What would come of an order, as the host's own package manager says."""

    upgrades: tuple[Upgrade, ...]
    removed: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    """Services that the packages bring: they are restarted with them."""


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What is to be done on one host."""

    host: str
    group: str
    stage: Stage
    upgrades: tuple[Upgrade, ...] = ()
    stays: tuple[str, ...] = ()
    """Packages with a fix that is not installed: frozen by the bindings, or held on the host."""
    closes: tuple[str, ...] = ()
    """Vulnerabilities that end with it."""
    leaves: tuple[str, ...] = ()
    """Vulnerabilities with a fix that stay, since their packages do."""
    restarts: tuple[str, ...] = ()
    needs_reboot: bool = False
    unfinished: str = ""
    blocked: tuple[str, ...] = ()
    """Fixes among them that nobody keeps back: the package manager would have to remove something."""
    by_maps: bool = False
    """See `HostLook`."""
    unseen: int = 0
    unrated: tuple[str, ...] = ()
    """Repositories of which nobody knows whether they have security fixes that are not planned."""
    trouble: Message = NOTHING
    """Why nothing is done on it; it is named in the result."""

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to do: what was installed by others may only wait for a restart."""
        return not self.trouble and bool(self.upgrades or self.unfinished or self.needs_reboot)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; `host_plan` reads it back."""
        return {**asdict(self), "stage": str(self.stage), "trouble": self.trouble.as_json()}


@dataclass(frozen=True, slots=True)
class PatchPlan:
    """What is to be done on all hosts."""

    hosts: Sequence[HostPlan] = field(default_factory=tuple)

    @property
    def digest(self) -> str:
        """What an approval is for."""
        written = json.dumps([each.as_json() for each in self.hosts], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(written.encode()).hexdigest()

    @property
    def needed(self) -> Sequence[HostPlan]:
        """The hosts on which there is something to do."""
        return [each for each in self.hosts if each.is_needed]

    @property
    def troubled(self) -> Sequence[HostPlan]:
        """The hosts on which nothing can be done."""
        return [each for each in self.hosts if each.trouble]

    def of(self, stage: Stage) -> Sequence[HostPlan]:
        """Return the hosts with something to do that have their turn in *stage*."""
        return [each for each in self.needed if each.stage is stage]

    @classmethod
    def read(cls, written: object) -> Self:
        """Return the plan that a step has kept as JSON."""
        hosts = written.get("hosts", ()) if isinstance(written, dict) else ()
        return cls(tuple(host_plan(each) for each in hosts))


def host_plan(written: Mapping[str, Any]) -> HostPlan:
    """Return what `HostPlan.as_json` wrote."""
    return HostPlan(
        host=written["host"],
        group=written["group"],
        stage=Stage(written["stage"]),
        upgrades=tuple(Upgrade(**each) for each in written["upgrades"]),
        stays=tuple(written["stays"]),
        closes=tuple(written["closes"]),
        leaves=tuple(written["leaves"]),
        restarts=tuple(written["restarts"]),
        needs_reboot=written["needs_reboot"],
        unfinished=written["unfinished"],
        blocked=tuple(written.get("blocked", ())),
        by_maps=written.get("by_maps", False),
        unseen=written.get("unseen", 0),
        unrated=tuple(written.get("unrated", ())),
        trouble=from_json(written["trouble"]),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be installed of what is available."""

    wanted: tuple[Upgrade, ...]
    stays: tuple[Upgrade, ...]
    blocked: tuple[Upgrade, ...] = ()
    """What stays although it is wanted."""


def choose(look: HostLook, keep: Iterable[str], *, only_security: bool) -> Choice:
    """Return which of the available upgrades are wanted, and which stay although they would be."""
    patterns = (*keep, *look.held)
    due = [each for each in look.available if each.is_security or not only_security]
    stays = tuple(each for each in due if is_kept(each.name, patterns))
    blocked = tuple(
        each
        for each in look.kept_back
        if (each.is_security or not only_security) and not is_kept(each.name, patterns)
    )
    return Choice(tuple(each for each in due if each not in stays), (*stays, *look.kept_back), blocked)


def restarts_host(upgrades: Iterable[Upgrade]) -> bool:
    """Return whether *upgrades* hold what only a restart of the host puts in force, such as a kernel."""
    return any(_OF_KERNEL.match(each.name) for each in upgrades)


def is_kept(name: str, patterns: Iterable[str]) -> bool:
    """Return whether a package stays at its version: `postgresql-*`."""
    plain = name.partition(":")[0]
    return any(fnmatchcase(name, each) or fnmatchcase(plain, each) for each in patterns)


def why_not(simulated: Simulation, choice: Choice, keep: Iterable[str]) -> Message:
    """Return why the order must not be given, or nothing.

    A package manager does what it takes: it may remove packages, or change others than were asked for.
    """
    if simulated.removed:
        return Message("patching.would-remove", packages=simulated.removed)
    patterns = tuple(keep)
    frozen = tuple(each.name for each in simulated.upgrades if is_kept(each.name, patterns))
    if frozen:
        return Message("patching.would-change-frozen", packages=frozen)
    asked = {(each.name, each.new) for each in choice.wanted}
    missing = asked - {(each.name, each.new) for each in simulated.upgrades}
    if missing:
        return Message("patching.would-leave-out", packages=tuple(sorted(name for name, _ in missing)))
    return NOTHING


def unplanned(simulated: Simulation, plan: HostPlan) -> tuple[str, ...]:
    """Return what would be done now and is not in *plan*, which was approved."""
    planned = {(each.name, each.new) for each in plan.upgrades}
    others = tuple(str(each) for each in simulated.upgrades if (each.name, each.new) not in planned)
    return (*others, *simulated.removed)


def exceeds(plan: HostPlan, approved: HostPlan) -> bool:
    """Return whether *plan* would do anything that is not in *approved*: less of it needs no new approval."""
    if approved.trouble:
        return plan.is_needed
    held = {(each.name, each.new) for each in approved.upgrades}
    return (
        any((each.name, each.new) not in held for each in plan.upgrades)
        or not set(plan.restarts) <= set(approved.restarts)
        or (plan.needs_reboot and not approved.needs_reboot)
        or (bool(plan.unfinished) and plan.unfinished != approved.unfinished)
    )


def short_of(installed: Mapping[str, str], plan: HostPlan) -> tuple[str, ...]:
    """Return the packages of *plan* that are not installed in the planned version."""
    return tuple(each.name for each in plan.upgrades if installed.get(each.name) != each.new)
