"""DORA's four figures of each service, for this month and the one before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.chapters.release.deployments import ReleaseChapterPlan
from toban.chapters.release.rows.deliveries import of
from toban.chapters.release.rows.dora import Figures, month_of
from toban.engine.amounts import length
from toban.message import Message, plain


@dataclass(frozen=True, slots=True)
class MonthOfService:
    """A service in a month."""

    service: str
    month: str
    cells: tuple[tuple[Message, Message], ...]
    """Heading and value."""
    too_few: Message


HEADINGS = tuple(
    Message(f"release-rows.{name}")
    for name in ("service", "month", "deployments", "lead-time", "failure-rate", "restore-time")
)


def months(plan: ReleaseChapterPlan, now: datetime) -> Iterator[MonthOfService]:
    """Yield each service in this month, and in the one before."""
    this = month_of(now.astimezone(plan.system.zone).date(), plan.system)
    before = month_of((this[0] - timedelta(days=1)).date(), plan.system)
    for service in plan.services:
        for month in (this, before) if plan.of(service) else ():
            found = of(plan.of(service)[-1].name, month, now)
            cells = tuple(zip(HEADINGS[2:], _cells(found), strict=True))
            yield MonthOfService(service, f"{month[0]:%Y-%m}", cells, found.too_few)


def _cells(found: Figures) -> tuple[Message, ...]:
    none = plain("—")
    rate, per_week = found.failure_rate, found.per_week
    return (
        Message("release-rows.per-week", count=found.deployments, rate=f"{per_week or 0:.1f}"),
        length(found.lead_time) if found.lead_time is not None else none,
        plain(f"{rate:.0%} ({found.failures}/{found.deployments})") if rate is not None else none,
        length(found.restore_time) if found.restore_time is not None else none,
    )
