"""Tasks by the API: what waits for a sign-off, with its facts; signing off, and handing on."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Schema

from toban.engine.clock import system_clock
from toban.engine.tasks.lists import listed
from toban.engine.tasks.orders import TaskOrder, hand_on, sign_off
from toban.faces.api import cursors
from toban.faces.api.acting import giver_of, ordered
from toban.faces.api.edition import edition_in_force
from toban.faces.api.router import ScopedRouter
from toban.faces.api.runs import ShownRun
from toban.faces.api.values import Asked, IdempotencyKey, Number, Part, Said, Text, Turn, Why
from toban.faces.values.runs import run_values
from toban.faces.values.tasks import task_values

router = ScopedRouter()


class ShownFact(Schema):
    """What a person is shown before a task is signed off."""

    label: Said
    value: Said
    is_exception: bool


class ShownTask(Schema):
    """A task that waits for a sign-off."""

    task: int
    work: str
    clause: str
    name: str
    roles: list[str]
    due_at: str
    due_until: str | None
    is_late: bool
    able: list[str]
    why_nobody: Said | None
    handed_on_to: str | None
    why_handed_back: Said | None
    facts: list[ShownFact]
    shown: str


class WantedSignOff(Asked):
    """A sign-off of exactly what was shown."""

    shown: Text
    remark: Text = ""
    is_performed: bool = True
    """False: it is not performed, and the remark says why."""


class WantedHandover(Why):
    """To whom a task is handed on: a name in `[people]`."""

    person: Text


@router.read("/tasks", "read:tasks", Part[ShownTask])
def tasks(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List the tasks that wait for a sign-off, by number."""
    after = cursors.position(request, turn) or 0
    found = sorted(listed(edition_in_force(), settings.PARTS, system_clock()), key=lambda task: task.run.pk)
    rest = [task for task in found if task.run.pk > after][: turn.limit + 1]
    return cursors.part(request, turn, rest, task_values, lambda task: task.run.pk)


@router.act("/tasks/{task_id}/sign-off", "act:tasks", ShownRun)
def sign(request: HttpRequest, task_id: Number, wanted: WantedSignOff, key: IdempotencyKey) -> Any:
    """Sign off a task in the name of the token's account, which must hold the task's role."""

    def act(_by: str, now: datetime) -> dict[str, object]:
        signed = sign_off(
            _order(request, task_id),
            wanted.remark,
            shown=wanted.shown,
            now=now,
            is_performed=wanted.is_performed,
        )
        return run_values(signed.run)

    return ordered(request, key, act)


@router.act("/tasks/{task_id}/hand-on", "act:tasks", ShownRun)
def hand(request: HttpRequest, task_id: Number, wanted: WantedHandover, key: IdempotencyKey) -> Any:
    """Hand a task on to another person."""

    def act(_by: str, now: datetime) -> dict[str, object]:
        made = hand_on(_order(request, task_id), wanted.person, wanted.reason, now=now)
        return run_values(made.run)

    return ordered(request, key, act)


def _order(request: HttpRequest, task_id: int) -> TaskOrder:
    by = giver_of(request)
    return TaskOrder(task_id, by, edition_in_force(), settings.PARTS)
