"""The verdict on a row that orders a scan. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.engine.evidence.verdict import Verdict
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message, sentences


@dataclass(frozen=True, slots=True)
class FoundVulnerability:
    """A vulnerability that a scan found, that is still there, and that should have been mended."""

    name: str
    package: str
    inventory: str
    rating: Rating
    fixed: str
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class OpenVulnerabilities:
    """What is open, in numbers: a few of them are read, however many there are."""

    counts: Mapping[Rating, int] = field(default_factory=dict)
    late_count: int = 0
    late: Sequence[FoundVulnerability] = ()
    """Those of them that should have been mended, worst first; the worst of them, if there are many."""

    @property
    def count(self) -> int:
        """How many are open."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class LastScan:
    """What the newest scan said."""

    run: int
    at: datetime
    packages: int
    gaps: Sequence[Message]
    later: Sequence[str] = ()
    """Inventories that it did not look at, since they were bound later."""


@dataclass(frozen=True, slots=True)
class ScanState:
    """What is known about a row that orders scans."""

    last: LastScan | None
    """The newest that went through."""
    open: OpenVulnerabilities = OpenVulnerabilities()
    failure: Message = NOTHING
    """Why the newest run did not go through."""
    was_missed: bool = False
    next_due: datetime | None = None


def judge(state: ScanState) -> Judgement:
    """Return the verdict: what is late deviates, and what could not be looked at is not known to be well."""
    last = state.last
    value = counted(state.open, is_whole=last is not None and not last.gaps)
    if state.failure:
        verdict = Verdict.NOT_PERFORMED if state.was_missed else Verdict.DEVIATING
        return Judgement(verdict, state.failure, value, next_due=state.next_due)
    if last is None:
        return Judgement(Verdict.NOT_DUE, Message("vulnerabilities.not-scanned-yet"), next_due=state.next_due)
    proof = {"run": last.run, "at": last.at.isoformat(), "packages": last.packages, "open": state.open.count}
    gap = NOTHING
    if last.gaps:
        first, *others = last.gaps
        gap = (
            Message("vulnerabilities.not-all-looked-at", why=first, more=len(others))
            if others
            else Message("vulnerabilities.one-not-looked-at", why=first)
        )
    if state.open.late:
        worst = state.open.late[0]
        said = Message(
            "vulnerabilities.late",
            count=state.open.late_count,
            name=worst.name,
            package=worst.package,
            inventory=worst.inventory,
            since=worst.first_seen,
        )
        return Judgement(Verdict.DEVIATING, sentences(said, gap), value, state.next_due, proof)
    if gap:
        return Judgement(Verdict.NOT_MEASURABLE, gap, value, state.next_due, proof)
    if last.later:
        said = Message(
            "vulnerabilities.gap-inventory",
            name=last.later[0],
            why=Message("vulnerabilities.not-scanned-yet"),
        )
        return Judgement(Verdict.NOT_DUE, said, value, state.next_due, proof)
    said = Message("vulnerabilities.scanned-at", at=last.at, packages=last.packages)
    return Judgement(Verdict.CONFORMING, said, value, state.next_due, proof)


def counted(found: OpenVulnerabilities, *, is_whole: bool) -> Message:
    """Return how many there are of each rating; *is_whole* says whether everything could be looked at."""
    if not found.count:
        return Message("vulnerabilities.none-open" if is_whole else "vulnerabilities.none-seen")
    critical, high = (found.counts.get(each, 0) for each in (Rating.CRITICAL, Rating.HIGH))
    return Message(
        "vulnerabilities.open-counts",
        critical=critical,
        high=high,
        other=found.count - critical - high,
    )
