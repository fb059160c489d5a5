"""Rows that people perform as works of the run ledger."""

import hashlib
import re
from datetime import time

from toban.design.clauses.base import Clause
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.routine import Routine
from toban.design.reader import Design
from toban.design.values.hours import Hours
from toban.design.values.schedule import Schedule
from toban.engine.bindings.model import Bindings
from toban.engine.calendar.due import is_ever_due
from toban.engine.notify.duty.roster import rosters
from toban.engine.notify.routing.contacts import folded
from toban.engine.runs.work import Work
from toban.engine.tasks.rules import OrderedTask, following, planned, terms_of
from toban.message import Message

_LONGEST_KEY = 200
_DIGEST = 12
_SEVERAL = re.compile(r"[、,，/／・]")


def key_of(row: Clause) -> str:
    """Return the key of the task that *row* requires: the row's id, shortened if the ledger can't hold it."""
    if len(row.id) <= _LONGEST_KEY:
        return row.id
    digest = hashlib.sha256(row.id.encode()).hexdigest()[:_DIGEST]
    return f"{row.id[: _LONGEST_KEY - _DIGEST - 1]}~{digest}"


def task_of(
    row: Routine, schedule: Schedule, design: Design, bindings: Bindings, *, after: time | None = None
) -> Work | Message:
    """Return the task that *row* requires by *schedule*, or why people can't be asked for it.

    *after*: it is a look at what Toban itself does at that time of day.
    """
    roles = roles_of(row.owner, design, bindings)
    if not roles:
        return Message("tasks.row-names-nobody")
    return ordered(row, OrderedTask(row.name, roles, schedule), design, bindings, after=after)


def ordered(
    row: Clause, task: OrderedTask, design: Design, bindings: Bindings, *, after: time | None = None
) -> Work | Message:
    """Return the *task* that *row* orders as a work; see `task_of`."""
    roles, schedule = task.roles, task.schedule
    hours = hours_of(roles, design)
    if after is not None:
        schedule = following(schedule, after, hours)
    kept = planned(schedule, hours)
    if kept is None or not is_ever_due(kept, bindings.system):
        return Message("tasks.no-days", schedule=schedule.text)
    if not any(has_account(role, design, bindings) for role in roles):
        section = f'[people."{roles[0]}"]'
        return Message("tasks.role-without-account", role=roles[0], section=section, file=bindings.file)
    return Work(
        key=key_of(row),
        clause_id=row.id,
        document_digest=design.digest,
        steps=(),
        schedule=kept,
        system=bindings.system,
        task=terms_of(task.name, roles, schedule, hours),
    )


def roles_of(owner: str, design: Design, bindings: Bindings) -> tuple[str, ...]:
    """Return the roles that a row names: 運用責任者、開発担当者 are two, unless that is the name of one."""
    known = {folded(name) for name in (*bindings.people, *(each.role for each in design.of(DutyRole)))}
    if not owner or folded(owner) in known:
        return (owner,) if owner else ()
    parts = tuple(part.strip() for part in _SEVERAL.split(owner) if part.strip())
    return parts if all(folded(part) in known for part in parts) else (owner,)


def hours_of(roles: tuple[str, ...], design: Design) -> Hours:
    """Return the duty hours of the first of *roles* that has any; always, if none has."""
    wanted = {folded(role) for role in roles}
    found = (each.hours for each in design.of(DutyRole) if folded(each.role) in wanted and each.hours)
    return next(found, Hours())


def has_account(role: str, design: Design, bindings: Bindings) -> bool:
    """Return whether anybody who ever holds *role*, by turn or by its own name, has an account."""
    known = rosters(design, bindings.duty)
    layers = next((each.layers for each in known if folded(each.role) == folded(role)), ())
    names = {folded(name) for layer in layers for name in layer.people} or {folded(role)}
    return any(person.account for name, person in bindings.people.items() if folded(name) in names)
