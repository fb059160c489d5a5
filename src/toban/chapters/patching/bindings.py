"""The settings of patches in `toban.toml`: which hosts, in which order, when, and how well they must be."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import time, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, model_validator

from toban.chapters.patching.upgrade import Stage
from toban.design.acts import is_patching
from toban.design.clauses.base import Clause
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.reader import Design
from toban.design.values.schedule import Cadence, Schedule, read_schedule
from toban.engine.approvals.rules import ASSUMED_WITHIN
from toban.engine.bindings.section import Assumed, Section, invalid
from toban.engine.bindings.table import single
from toban.engine.bindings.values import ClockTime, Length, WebAddress
from toban.engine.modes.rules import Mode
from toban.engine.ssh.login import HostName, SshLogin
from toban.message import Message

HOST = "{host}"
"""Stands in `health` for each host's name."""

type PatchRow = SecurityRoutine | Routine


def patch_rows(design: Design) -> Sequence[PatchRow]:
    """Return the rows of *design* that order patches."""
    rows: tuple[PatchRow, ...] = (*design.of(SecurityRoutine), *design.of(Routine))
    return [row for row in rows if is_patching(row)]


def _rows(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return iter(patch_rows(design))


def _untimed(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return (row for row in patch_rows(design) if not row.schedule.is_timed)


def _is_bound(_design: Design, bindings: Any, _name: str) -> bool:
    # Without hosts it is people's work, and nothing is assumed of it.
    return bool(bindings.tables.get("patching"))


def _window(written: object) -> object:
    found = read_schedule(written) if isinstance(written, str) else written
    if not isinstance(found, Schedule) or any(each.until is None for each in found.each):
        raise invalid(Message("patching.not-a-window"), Message("patching.write-a-window"))
    return found


_A_PROGRAM = re.compile(r"[A-Za-z0-9_./+-]+")


def _command(written: tuple[str, ...]) -> tuple[str, ...]:
    # A single text with blanks is meant as several words, and would be looked for as one program.
    if written and (not _A_PROGRAM.fullmatch(written[0]) or not all(map(str.isprintable, written))):
        raise invalid(Message("patching.not-a-command"), Message("patching.write-each-word"))
    return written


Command = Annotated[tuple[str, ...], AfterValidator(_command)]
"""The words of a command; each reaches the host as it is, whatever it means to a shell."""


class PatchGroupBinding(SshLogin):
    """`[patching.NAME]`: the settings of every kind of package manager."""

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {
        "hosts": ["web-1.example.com", "web-2.example.com"],
        "user": "toban",
        "key": "file:ssh/toban",
        "known_hosts": "ssh/known_hosts",
        "health": "http://{host}/healthz",
    }

    hosts: tuple[HostName, ...] = Field(min_length=1, max_length=1000)
    """In the order of their turns: the next one begins once the one before is well."""
    stage: Stage = Stage.PRODUCTION
    """Staging comes first, at any time; production in the maintenance window."""
    become: Command = ("sudo", "-n")
    """The words before a command that needs the rights of root; none if the login has them."""
    only: Literal["security", "all"] = "security"
    """What is installed: the distribution's security fixes, or everything that it has newer."""
    keep: tuple[str, ...] = ()
    """Packages that stay as they are, since releases decide about them: `postgresql-*`."""
    reboot: Literal["when-needed", "never"] = "when-needed"
    """Whether a host that needs it is restarted; "never" leaves that to people, and the row deviates."""
    reboot_command: Annotated[Command, Field(min_length=1)] = ("systemctl", "reboot")
    health: WebAddress | None = None
    """What must answer with success; `{host}` stands for the host's name."""
    targets: tuple[str, ...] = ()
    """The document's targets: no critical alert about them may begin, and their maintenance is the window."""
    healthy_within: Length = timedelta(minutes=5)
    """How long a host may take until it is well, from its upgrade or its restart on."""
    steady_for: Length = timedelta(seconds=30)
    """How long it must then stay well without a break; one good answer is no proof of a service."""
    within: Length = timedelta(hours=1)
    """How long the upgrade of one host may take; in a window, none begins that might not end and be well."""

    @model_validator(mode="after")
    def _hosts_are_distinct(self) -> Self:
        self.demand_distinct(self.hosts)
        return self


def hosts_twice(groups: Mapping[str, PatchGroupBinding]) -> Mapping[str, Sequence[str]]:
    """Return the hosts that stand in several of *groups*, with the names of those."""
    places: dict[tuple[str, int], list[tuple[str, str]]] = defaultdict(list)
    for name, config in groups.items():
        for host in config.hosts:
            # A name of a host has no case, and may end in the dot of the root.
            places[host.rstrip(".").casefold(), config.port].append((host, name))
    return {found[0][0]: tuple(name for _, name in found) for found in places.values() if len(found) > 1}


class PatchesBinding(Section):
    """`[patches]`: when patches are planned, asked for and installed."""

    harmless: ClassVar[frozenset[str]] = frozenset({"at"})

    mode: Mode = Mode.SHADOW
    """What Toban does when patches are due: only record that they were, or plan them and ask."""
    at: Annotated[
        ClockTime, Assumed("patching.assumed-time", Message("patching.why-time"), _untimed, _is_bound)
    ] = time(10)
    """When the plan is made and approval is asked for, on a day for which the document gives no time."""
    role: str = ""
    """Who approves, in the document's words; by default the operations manager."""
    approval_within: Annotated[
        Length, Assumed("patching.assumed-approval", Message("patching.why-approval"), _rows, _is_bound)
    ] = ASSUMED_WITHIN
    """How long it waits for the approval."""
    window: Annotated[InstanceOf[Schedule], BeforeValidator(_window)] | None = None
    """When production may be changed: `毎月第2火曜日 22:00-24:00`; by default the document's maintenance, and
    what was announced."""
    wait: Annotated[
        Length, Assumed("patching.assumed-wait", Message("patching.why-wait"), _rows, _is_bound)
    ] = timedelta(days=14)
    """How long production waits for its window; after that the row deviates."""


def timed_by(schedule: Schedule, terms: PatchesBinding) -> Schedule:
    """Return *schedule* with a time of day: a row that names only the day is planned at the bound one."""
    if schedule.at is not None or schedule.cadence in (Cadence.INTERVAL, Cadence.CRON):
        return schedule
    return replace(schedule, at=terms.at)


PATCHES = single("patches", PatchesBinding, PatchesBinding())
"""When patches are planned, asked for and installed."""
