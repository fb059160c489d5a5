"""Which silence stops which alert. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

CLAUSE = "clause"
MATCHERS = (CLAUSE, "target", "item", "instance", "batch", "sender", "channel")
"""What a silence may match: the row, and the labels that alerts have."""

APPROVAL: Mapping[str, str] = {"item": "approval"}
"""The labels of what is told about approvals, and of what went ahead without one: nobody holds that back.

Otherwise whoever breaks the glass, or answers in another's name, would see to it first that nobody is told.
"""

FOREIGN = "label."
"""Prefix of the labels that a Prometheus gave an alert: `label.team`. So none can pose as Toban's own."""


def is_matcher(name: str) -> bool:
    """Return whether a silence may match by *name*."""
    return name in MATCHERS or (name.startswith(FOREIGN) and name != FOREIGN)


@dataclass(frozen=True, slots=True)
class ActiveSilence:
    """A silence as the pipeline sees it."""

    matchers: Mapping[str, str]
    author: str
    reason: str
    starts_at: datetime
    ends_at: datetime

    def covers(self, clause_id: str, labels: Mapping[str, str]) -> bool:
        """Return whether it covers an alert of *clause_id* with *labels*: every matcher must match."""
        if labels == APPROVAL:
            return False
        known = {**labels, CLAUSE: clause_id}
        return all(known.get(name) == wanted for name, wanted in self.matchers.items())


def silencing(
    silences: Iterable[ActiveSilence], clause_id: str, labels: Mapping[str, str], now: datetime
) -> ActiveSilence | None:
    """Return the silence that stops the alert at *now*, the last to end if there are several."""
    found = [
        each
        for each in silences
        # The end is excluded: at that very moment the alert is notified again.
        if each.starts_at <= now < each.ends_at and each.covers(clause_id, labels)
    ]
    return max(found, key=lambda each: each.ends_at, default=None)


def lifted_at(
    silences: Iterable[ActiveSilence], clause_id: str, labels: Mapping[str, str], now: datetime
) -> datetime | None:
    """Return when the last silence that had stopped the alert ended; None if there was none."""
    ends = [each.ends_at for each in silences if each.ends_at <= now and each.covers(clause_id, labels)]
    return max(ends, default=None)
