"""Chapter 2, notices: whether the matrix reaches someone whenever the service runs."""

from collections.abc import Iterator

from toban.design.clauses.base import Clause
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.incident import IncidentLevel
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import ServiceHours
from toban.design.finding import FindingLevel
from toban.design.lint.measures import uncovered
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite, span
from toban.design.values.hours import Hours
from toban.design.values.people import Recipient, Role
from toban.design.values.severity import AlertLevel, IncidentSeverity
from toban.message import Message


@rule("MN005", FindingLevel.ERROR)
def critical_notice_reaches_nobody_on_duty(on: Inspection) -> Iterator[Remark]:
    """Critical notices go only to roles that are off duty in part of the service hours."""
    service = next(iter(on.of(ServiceHours)), None)
    rules = [
        rule
        for rule in on.of(NotificationRule)
        if rule.level in (AlertLevel.CRITICAL, IncidentSeverity.CRITICAL)
    ]
    told = _duty_of(on, [recipient for rule in rules for recipient in rule.recipients])
    if service is None or not told:
        return
    missing, on_holidays = uncovered(service.hours, [hours for _, hours in told])
    if not missing and not on_holidays:
        return
    when = (
        Message("design.time-a-week", length=span(missing))
        if missing
        else Message("design.on-public-holidays")
    )
    yield Remark.on(
        rules[0],
        Message(
            "design.nobody-on-duty-for-critical",
            roles=[f"{role.role} {hours}" for role, hours in told],
            lines=cite(*(role for role, _ in told)),
            service=cite(service),
            when=when,
        ),
        _contact_hint(on, service.hours),
    )


def _duty_of(on: Inspection, recipients: list[Recipient]) -> list[tuple[DutyRole, Hours]]:
    """Return the duty of the recipients; empty if any of them is not a role with known hours."""
    roles = {_key(role.role): role for role in on.of(DutyRole)}
    told: dict[str, tuple[DutyRole, Hours]] = {}
    for recipient in recipients:
        role = roles.get(_key(recipient.name)) if isinstance(recipient, Role) else None
        # A channel or an unknown name may be reachable at night: the document doesn't say.
        if role is None or role.hours is None:
            return []
        told[role.id] = (role, role.hours)
    return list(told.values())


def _contact_hint(on: Inspection, service: Hours) -> Message:
    for role in on.of(DutyRole):
        if role.hours is not None and uncovered(service, [role.hours])[0].total_seconds() == 0:
            return Message("design.notify-role-hint", role=role.role, lines=cite(role))
    return Message("design.add-role-for-all-hours-hint")


@rule("MN006", FindingLevel.WARNING)
def round_the_clock_contact_is_never_told(on: Inspection) -> Iterator[Remark]:
    """A role that can be reached at any time is in no row that names recipients."""
    rules = [rule for rule in on.of(NotificationRule) if any(_names(rule))]
    # A matrix that names only channels says nothing about who reads them.
    if not rules:
        return
    sources: tuple[Clause, ...] = (*rules, *on.of(IncidentLevel), *on.of(Monitor))
    named = {_key(name) for source in sources for name in _names(source)}
    for role in on.of(DutyRole):
        if role.hours is None or not role.hours.is_always or _is_named(_key(role.role), named):
            continue
        yield Remark.on(
            role,
            Message("design.contact-is-never-notified", role=role.role, lines=cite(*rules)),
            Message("design.contact-is-never-notified-hint"),
        )


def _names(source: Clause) -> list[str]:
    match source:
        case NotificationRule(recipients=recipients) | IncidentLevel(recipients=recipients):
            return [recipient.name for recipient in recipients if isinstance(recipient, Role)]
        case Monitor(recipients=recipients):
            return [recipient.name for recipient in recipients if isinstance(recipient, Role)]
        case _:
            return []


def _is_named(role: str, named: set[str]) -> bool:
    # オンコール and オンコール担当 mean the same people: no finding is better than a wrong one.
    return any(role in name or name in role for name in named)


def _key(name: str) -> str:
    return "".join(name.casefold().split())
