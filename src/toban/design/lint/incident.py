"""Chapter 7: recovery times of severities against RTO and the downtime budget."""

from collections.abc import Iterator

from toban.design.clauses.backup import RecoveryObjective
from toban.design.clauses.base import Clause
from toban.design.clauses.incident import IncidentLevel
from toban.design.clauses.objectives import Objective
from toban.design.finding import FindingLevel
from toban.design.lint.measures import length, yearly_downtime
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite, span
from toban.design.values.duration import Duration
from toban.design.values.severity import IncidentSeverity
from toban.message import Message

_GRAVITY = tuple(IncidentSeverity)


@rule("IN001", FindingLevel.ERROR)
def rto_contradicts_gravest_level(on: Inspection) -> Iterator[Remark]:
    """The most severe level promises a different recovery time than the RTO."""
    gravest = _gravest(on)
    if gravest is None:
        return
    level, recovery = gravest
    for objective in _system_rtos(on):
        if length(objective.limit) == length(recovery):
            continue
        yield Remark.on(
            objective,
            Message(
                "design.rto-contradicts-severity",
                rto=objective.limit.message,
                severity=level.name,
                recovery=recovery.message,
                lines=cite(level),
            ),
            Message("design.rto-contradicts-severity-hint"),
        )


@rule("IN002", FindingLevel.WARNING)
def one_outage_exceeds_monthly_downtime(on: Inspection) -> Iterator[Remark]:
    """One outage as long as the RTO allows uses more than a month's share of the downtime budget."""
    budgets = [
        (downtime, each) for each in on.of(Objective) if (downtime := yearly_downtime(each)) is not None
    ]
    outages = _outages(on)
    if not budgets or not outages:
        return
    yearly, objective = min(budgets, key=lambda budget: budget[0])
    clause, permitted = max(outages, key=lambda outage: length(outage[1]))
    if length(permitted) > yearly / 12:
        yield Remark.on(
            clause,
            Message(
                "design.one-outage-exceeds-downtime",
                outage=permitted.message,
                objective=objective.name,
                lines=cite(objective),
                monthly=span(yearly / 12),
                yearly=span(yearly),
            ),
            Message("design.one-outage-exceeds-downtime-hint"),
        )


def _outages(on: Inspection) -> list[tuple[Clause, Duration]]:
    rtos: list[tuple[Clause, Duration]] = [(each, each.limit) for each in _system_rtos(on)]
    gravest = _gravest(on)
    return rtos or ([gravest] if gravest else [])


def _system_rtos(on: Inspection) -> list[RecoveryObjective]:
    """Return the RTOs of the whole system: the RTO of a part says nothing about a full outage."""
    rtos = (each for each in on.of(RecoveryObjective) if each.objective == "RTO" and not each.subject)
    # How long 1営業日 is differs from day to day.
    return [each for each in rtos if not each.limit.is_business]


def _gravest(on: Inspection) -> tuple[IncidentLevel, Duration] | None:
    found = [
        (_GRAVITY.index(level.severity), level, level.recover_within)
        for level in on.of(IncidentLevel)
        if level.severity is not None and level.recover_within is not None
    ]
    if not found:
        return None
    _, level, recovery = min(found, key=lambda each: each[0])
    return None if recovery.is_business else (level, recovery)
