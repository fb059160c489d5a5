"""The settings of chapter 5 in `toban.toml`: where versions come from, and how they reach an environment."""

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Annotated

from pydantic import Field

from toban.design.clauses.base import Clause
from toban.design.clauses.release import DeployRule, ReleaseSchedule, RollbackProcedure
from toban.design.reader import Design
from toban.engine.approvals.rules import ASSUMED_WITHIN
from toban.engine.bindings.section import Assumed, Section
from toban.engine.bindings.values import ClockTime, Length
from toban.engine.modes.rules import Mode
from toban.message import Message


def _schedules(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return (row for row in design.of(ReleaseSchedule) if not row.schedule.is_timed)


def _rules(design: Design, bound: "DeploymentBinding", name: str) -> Iterator[Clause]:
    return (row for row in design.of(DeployRule) if row.environment == (bound.environment or name))


def _rollbacks(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    yield from design.of(RollbackProcedure)


class ReleaseBinding(Section):
    """`[releases.SERVICE]`: the settings of every kind of source."""

    trunk: str = "main"
    """The branch whose commits are released."""
    release_branches: str = "release*"
    """The pattern of the branches that are made for a release."""
    build: tuple[str, ...] = ()
    """The command that makes the artefact; run in the commit's tree, it writes to the folder `RELEASE_OUT`.

    Without one, the tree itself is the artefact.
    """
    check: tuple[str, ...] = ()
    """The command that tests a commit where nothing else does; run in the commit's tree."""
    build_within: Length = timedelta(minutes=30)
    """The longest that `build` or `check` may take."""
    migrations: tuple[str, ...] = ("**/migrations/*", "migrations/*", "db/migrate/*")
    """Patterns of the files that change the database's schema."""
    reversible_trailer: str = "Reversible"
    """A commit that changes such files can be undone if its last paragraph says `Reversible: yes`."""
    backup: str = ""
    """The work (`toban run KEY`) that takes a backup before a release that can't be undone: `B001`."""
    at: Annotated[ClockTime, Assumed("release.assumed-time", Message("release.why-time"), _schedules)] = time(
        20
    )
    """The time of a release on a day for which the document gives none."""
    poll: Length = timedelta(minutes=1)
    """How often the source is asked what is new."""


class HealthBinding(Section):
    """`[deployments.NAME.health]`: what must answer for a version to count as healthy."""

    url: str = ""
    """An address that must answer with a status below 400; `{instance}` stands for the instance's address."""
    contains: str = ""
    """A text that the answer must hold."""
    within: Length = timedelta(seconds=60)
    """How long a new instance may take until it is healthy."""


class DeploymentBinding(Section):
    """`[deployments.NAME]`: the settings of every kind of engine."""

    environment: str = ""
    """The environment in the document's words; by default the table's name."""
    service: str = ""
    """The `[releases.SERVICE]` that is brought there; may be left out if there is only one."""
    health: HealthBinding | None = None
    """What must answer before and after a switch."""
    targets: tuple[str, ...] = ()
    """The `[targets.NAME]` whose critical alerts after a switch roll it back."""
    watch: Annotated[Length, Assumed("release.assumed-watch", Message("release.why-watch"), _rules)] = (
        timedelta(minutes=10)
    )
    """How long a new version is watched."""
    rollback: Mode = Mode.ACT
    """What Toban does if a new version turns out bad in that time."""
    keep: int = Field(default=5, ge=2, le=100)
    """How many versions stay installed."""
    approvers: int = Field(default=1, ge=1, le=5)
    """How many different people must approve a release."""
    approval_within: Annotated[
        Length, Assumed("release.assumed-approval", Message("release.why-approval"), _rules)
    ] = ASSUMED_WITHIN
    """How long a release waits for approval, at most until its planned time."""
    drill: str = ""
    """When the rollback is rehearsed here, in the document's words: 毎月第3火曜 10:00.

    Empty: monthly on the environment before the last, never on the last.
    """
    timeout: Length = timedelta(minutes=30)
    """The longest that one attempt may take."""
