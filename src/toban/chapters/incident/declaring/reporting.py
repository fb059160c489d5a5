"""Decisions about users' reports: whether one is about an incident that is known already. Pure.

Ten users who can't order are one incident. What was reported after the recovery is news, and never joins.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toban.engine.notify.routing.contacts import folded

MOST_REPORTS = 200
"""Reports that join one incident; a flood of them is not about one thing."""


class ReportReason(StrEnum):
    """Why a report joins an incident, or is one."""

    SAME_TARGET = "same-target"
    SAME_WORDS = "same-words"
    """It has the same subject as another report, and they are about no different targets."""
    NEW = "new"


@dataclass(frozen=True, slots=True)
class KnownIncident:
    """An incident that is going on, as far as these decisions need it."""

    number: int
    title: str
    targets: frozenset[str]
    newest_at: datetime
    """When it was detected, or when the newest of its alerts or reports came."""
    is_measured: bool
    """Whether an alert says that it goes on."""
    is_reported: bool
    """Whether it began as a report."""
    reports: int
    """How many have joined it."""

    def takes(self, within: timedelta, now: datetime) -> bool:
        """Return whether it takes reports: what nothing measures is only known to go on for *within*."""
        is_current = self.is_measured or now <= self.newest_at + within
        return is_current and self.reports < MOST_REPORTS


def place(
    title: str, target: str, known: Iterable[KnownIncident], within: timedelta, now: datetime
) -> tuple[ReportReason, int | None]:
    """Return why a report joins one of *known* or none, and which; *known* are in order, the newest first.

    *target* is empty if the report names none.
    """
    taking = [each for each in known if each.takes(within, now)]
    if target:
        same = next((each for each in taking if target in each.targets), None)
        if same is not None:
            return ReportReason.SAME_TARGET, same.number
    alike = (each for each in taking if each.is_reported and folded(each.title) == folded(title))
    same = next((each for each in alike if not (target and each.targets)), None)
    return (ReportReason.SAME_WORDS, same.number) if same is not None else (ReportReason.NEW, None)
