"""Asking hosts what is to be done there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import structlog

from toban.chapters.patching.bindings import PatchGroupBinding
from toban.chapters.patching.hosts.scripts import script
from toban.chapters.patching.manager import AnswerUnreadable, ManagerKind, PackageManager
from toban.chapters.patching.managers.sections import words
from toban.chapters.patching.upgrade import (
    HostLook,
    HostPlan,
    PatchPlan,
    Simulation,
    Upgrade,
    choose,
    restarts_host,
    why_not,
)
from toban.engine.found import HostVulnerabilities
from toban.engine.runs.commands.place import CommandPlace, NotAnswered
from toban.message import Message, message_of

REFRESH_WITHIN = 900.0
LOOK_WITHIN = 120.0
"""Seconds for an answer, with a fresh list and without."""
_AT_ONCE = 8

type FindOnHost = Callable[[str, Mapping[str, str]], HostVulnerabilities | None]
"""Returns what becomes of a host's vulnerabilities with packages in these versions."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PatchGroup:
    """Hosts that are patched one after another."""

    name: str
    config: PatchGroupBinding
    kind: ManagerKind

    @property
    def manager(self) -> PackageManager:
        """Its hosts' package manager."""
        return self.kind.manager

    @property
    def become(self) -> str:
        """What stands before a command of a script that needs rights, with a blank."""
        return f"{words(*self.config.become)} " if self.config.become else ""

    def place(self, host: str) -> CommandPlace:
        """Return *host* as a place for commands; connects not yet."""
        # This loads the SSH library, which code that only reads the bindings need not wait for.
        from toban.engine.runs.commands.there import There  # noqa: PLC0415

        return There(self.config.way(host))


def look(group: PatchGroup, host: str, *, refreshes: bool) -> HostLook:
    """Ask *host*; raise `NotAnswered` or `AnswerUnreadable`."""
    asked = script(group.manager.look(group.become, refreshes=refreshes))
    within = REFRESH_WITHIN if refreshes else LOOK_WITHIN
    return group.manager.read_look(group.place(host).ask(asked, within))


def simulate(group: PatchGroup, host: str, wanted: Sequence[Upgrade]) -> Simulation:
    """Ask *host* what would come of installing *wanted*; raise `NotAnswered` or `AnswerUnreadable`."""
    written = group.place(host).ask(script(group.manager.simulate(wanted)), LOOK_WITHIN)
    return group.manager.read_simulation(written)


def plan_all(
    groups: Iterable[PatchGroup], found: FindOnHost, told: Callable[[str], None], *, only: str = ""
) -> PatchPlan:
    """Ask all hosts, several at once, and return what is to be done; what can't be asked is named in it.

    *only*: this one.
    """
    hosts = [(group, host) for group in groups for host in group.config.hosts if only in ("", host)]
    plans: list[HostPlan] = []
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="patches") as pool:
        for (_, host), plan in zip(hosts, pool.map(lambda each: _planned(*each), hosts), strict=True):
            plans.append(_with_vulnerabilities(plan, found(host, _installs(plan))))
            told(host)
    return PatchPlan(tuple(plans))


def _planned(group: PatchGroup, host: str) -> HostPlan:
    plan = HostPlan(host, group.name, group.config.stage)
    try:
        return _asked(group, host, plan)
    except (NotAnswered, AnswerUnreadable) as unknown:
        return replace(plan, trouble=why_unreadable(unknown))
    except Exception as error:
        # Another's package manager may fail in any way: the other hosts are asked all the same.
        log.exception("patch_look_failed", host=host)
        return replace(plan, trouble=message_of(error))


def _asked(group: PatchGroup, host: str, plan: HostPlan) -> HostPlan:
    seen = look(group, host, refreshes=True)
    only_security = group.config.only == "security"
    choice = choose(seen, group.config.keep, only_security=only_security)
    plan = replace(
        plan,
        stays=tuple(map(str, choice.stays)),
        blocked=tuple(map(str, choice.blocked)),
        unfinished=seen.unfinished,
        unrated=seen.unrated if only_security else (),
        restarts=seen.restarts,
        by_maps=seen.by_maps,
        unseen=seen.unseen,
        needs_reboot=seen.needs_reboot,
    )
    if not choice.wanted:
        only_people = plan.needs_reboot and not plan.unfinished and group.config.reboot == "never"
        return replace(plan, trouble=Message("patching.reboot-is-yours")) if only_people else plan
    simulated = simulate(group, host, choice.wanted)
    return replace(
        plan,
        upgrades=simulated.upgrades,
        restarts=tuple(dict.fromkeys((*seen.restarts, *simulated.services))),
        needs_reboot=seen.needs_reboot or restarts_host(simulated.upgrades),
        trouble=why_not(simulated, choice, (*group.config.keep, *seen.held)),
    )


def _installs(plan: HostPlan) -> Mapping[str, str]:
    if plan.trouble:
        return {}
    return {name: each.new for each in plan.upgrades for name in (each.name, each.name.partition(":")[0])}


def _with_vulnerabilities(plan: HostPlan, found: HostVulnerabilities | None) -> HostPlan:
    return plan if found is None else replace(plan, closes=found.closes, leaves=found.leaves)


def why_unreadable(error: NotAnswered | AnswerUnreadable) -> Message:
    """Return what a host, or its answer, says about why nothing is known."""
    return error.said if isinstance(error, NotAnswered) else message_of(error)
