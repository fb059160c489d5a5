"""Chapter 1: targets against the downtime that the document itself plans."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from toban.design.calendar import periods_on
from toban.design.clauses.objectives import MaintenanceWindow, Objective
from toban.design.finding import FindingLevel
from toban.design.lint.measures import MONTH, YEAR, is_monthly, length, yearly_downtime
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite, span
from toban.design.values.metric import Metric
from toban.message import Message

_MAINTENANCE = re.compile(r"(?i)メンテ|計画停止|計画作業|maintenance|planned")
_KEEPS_RUNNING = re.compile(
    r"(?i)無停止|停止(?:なし|無し|しない|を伴わない)|影響(?:なし|無し)|オンライン(?:で|のまま|実施)"
    r"|ローリング|no downtime|without downtime|rolling"
)
_COUNTED = re.compile(r"(?i)稼働|可用性|ダウンタイム|停止時間|提供時間|availability|downtime|uptime|SLA|SLO")
_EXCLUDED = re.compile(r"(?i)除[くいき外]|含ま(?:ない|ず)|対象外|カウントしない|exclu|not count")
_INCLUDED = re.compile(r"(?i)含[むめ]|カウントする|inclu")


@rule("OB001", FindingLevel.ERROR)
def planned_maintenance_exceeds_downtime(on: Inspection) -> Iterator[Remark]:
    """Planned maintenance alone uses up the downtime budget, and nothing says that it doesn't count."""
    windows = [window for window in on.of(MaintenanceWindow) if not _KEEPS_RUNNING.search(window.text)]
    planned = sum((_yearly(on, window) for window in windows), timedelta())
    said = [line for line in on.lines if _MAINTENANCE.search(line) and _COUNTED.search(line)]
    if not planned or any(_EXCLUDED.search(line) for line in said):
        return
    is_included = any(_INCLUDED.search(line) for line in said)
    for objective in on.of(Objective):
        budget = yearly_downtime(objective)
        if budget is None or planned <= budget:
            continue
        yield Remark.on(
            objective,
            Message(
                "design.counted-maintenance-exceeds-downtime"
                if is_included
                else "design.maintenance-exceeds-downtime",
                planned=span(planned),
                lines=cite(*windows),
                allowed=span(budget),
            ),
            Message("design.maintenance-exceeds-downtime-hint", monthly=span(budget / 12)),
        )


def _yearly(on: Inspection, window: MaintenanceWindow) -> timedelta:
    stretches = (
        period
        for day in on.due_days(window.schedule)
        for period in periods_on(window.schedule, day, on.calendar)
    )
    return sum((period.end - period.start for period in stretches), timedelta())


@rule("OB002", FindingLevel.WARNING)
def downtime_does_not_fit_percentage(on: Inspection) -> Iterator[Remark]:
    """The downtime written next to an availability target is not what the percentage leaves."""
    for objective in on.of(Objective):
        allowed = objective.allowed_downtime
        if objective.metric is not Metric.AVAILABILITY or allowed is None or not objective.period:
            continue
        monthly = is_monthly(objective.period)
        share = float(1 - objective.target.limit.value / 100)
        # The document may use the shortest or the longest month or year, and round the last digit.
        shortest, longest = (timedelta(28), timedelta(31)) if monthly else (YEAR, timedelta(366))
        last_digit = replace(allowed, amount=Decimal(1).scaleb(int(allowed.amount.as_tuple().exponent)))
        rounding = length(last_digit)
        if shortest * share - rounding <= length(allowed) <= longest * share + rounding:
            continue
        computed = span((MONTH if monthly else YEAR) * share)
        yield Remark.on(
            objective,
            Message(
                "design.monthly-downtime-does-not-fit" if monthly else "design.yearly-downtime-does-not-fit",
                target=objective.target.limit,
                computed=computed,
                written=allowed.message,
            ),
            Message("design.downtime-does-not-fit-hint", computed=computed),
        )
