"""Whether VEX statements close a vulnerability. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.vulnerabilities.imported.saying import VexStatus
from toban.chapters.vulnerabilities.package import canonical


@dataclass(frozen=True, slots=True)
class StandingStatement:
    """A statement of the newest report of its source."""

    source: str
    names: tuple[str, ...]
    ecosystem: str
    """Of a distribution perhaps without its release: then it is about all of them."""
    package: str
    version: str
    """Empty: every one."""
    status: VexStatus
    justification: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PresentVulnerability:
    """A vulnerability that some source reports."""

    names: Collection[str]
    ecosystem: str
    packages: Collection[str]
    """The package, and the names under which it is installed."""
    version: str


def is_about(statement: StandingStatement, found: PresentVulnerability) -> bool:
    """Return whether *statement* is about *found*: another version, or another release, is another matter."""
    is_there = statement.ecosystem in (found.ecosystem, found.ecosystem.partition(":")[0])
    packages = {canonical(found.ecosystem, each) for each in found.packages}
    return (
        is_there
        and canonical(found.ecosystem, statement.package) in packages
        and statement.version in ("", found.version)
        and not set(statement.names).isdisjoint(found.names)
    )


def closing(statements: Iterable[StandingStatement]) -> StandingStatement | None:
    """Return which of the *statements* about one vulnerability closes it; None if it stays open.

    Of each source the newest counts. One source that calls it open outweighs all others, and a statement
    without a justification closes nothing.
    """
    newest = {each.source: each for each in sorted(statements, key=lambda each: each.at)}
    if not all(each.status.closes for each in newest.values()):
        return None
    reasoned = [each for each in newest.values() if each.justification]
    return max(reasoned, key=lambda each: each.at, default=None)
