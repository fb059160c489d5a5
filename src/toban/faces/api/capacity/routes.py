"""Capacity by the API: resources, forecasts, groups and replays, and the size of a group ordered."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Query

from toban.chapters.capacity.known import known, ranked
from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.plan import CapacityPlan
from toban.chapters.capacity.scaling.ordering import order_scaling
from toban.chapters.capacity.scaling.replays import ReplaySite, replays
from toban.chapters.capacity.what_ifs import WhatIf, imagined
from toban.engine.clock import system_clock
from toban.engine.telemetry.present import telemetry
from toban.faces.api import cursors
from toban.faces.api.access import token_of
from toban.faces.api.acting import ordered
from toban.faces.api.capacity.schemas import (
    AskedForecast,
    Days,
    ShownForecast,
    ShownGroup,
    ShownReplays,
    ShownResource,
    WantedSize,
)
from toban.faces.api.edition import edition_in_force
from toban.faces.api.router import ScopedRouter
from toban.faces.api.runs import ShownRun
from toban.faces.api.values import IdempotencyKey, Part, Text, Turn
from toban.faces.values.capacity import (
    forecast_values,
    group_values,
    replay_values,
    resource_named,
    resource_values,
    shown_groups,
)
from toban.faces.values.runs import run_values

router = ScopedRouter()


@router.read("/capacity/resources", "read:capacity", Part[ShownResource])
def resources(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List the resources, the most urgent first."""
    plan, now = _plan(), system_clock()
    today = now.astimezone(plan.system.zone).date()
    start = cursors.position(request, turn) or 0
    found = ranked(known(plan), today)[start : start + turn.limit + 1]
    numbered = list(enumerate(found, start + 1))
    return cursors.part(
        request, turn, numbered, lambda each: resource_values(each[1], today), lambda each: each[0]
    )


@router.read("/capacity/forecast", "read:capacity", ShownForecast)
def forecast(request: HttpRequest, asked: Query[AskedForecast]) -> Any:
    """Return the forecast of a resource, or what it would be if something changed."""
    del request
    plan, now = _plan(), system_clock()
    today = now.astimezone(plan.system.zone).date()
    each = resource_named(known(plan), plan, asked.resource)
    wanted = WhatIf(asked.add, asked.load, asked.growth, asked.on)
    return forecast_values(each, today, imagined(each, wanted, today) if wanted else None)


@router.read("/capacity/groups", "read:capacity", Part[ShownGroup])
def groups(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List the groups that rules scale, in the order of the document."""
    start = cursors.position(request, turn) or 0
    found = list(enumerate(shown_groups(_plan()), 1))[start : start + turn.limit + 1]
    return cursors.part(request, turn, found, lambda each: group_values(each[1]), lambda each: each[0])


@router.read("/capacity/replay", "read:capacity", ShownReplays)
def replay(request: HttpRequest, group: Text, days: Days = 90) -> Any:
    """Return what the rules about a group would have done on what was measured."""
    del request
    site = ReplaySite(telemetry(), settings.HOME, settings.PARTS.ports)
    return {"items": [replay_values(each) for each in replays(_plan(), group, days, site, system_clock())]}


@router.act("/capacity/scale", "act:capacity", ShownRun, status=201)
def scale(request: HttpRequest, wanted: WantedSize, key: IdempotencyKey) -> Any:
    """Have a group brought to a size, whatever its mode is; return the run."""
    plan, token = _plan(), token_of(request)
    return ordered(
        request,
        key,
        lambda by, now: run_values(
            order_scaling(
                plan,
                wanted.group,
                wanted.to,
                wanted.reason,
                by=by,
                now=now,
                account=token.operator,
                token_maker=token.shell_user,
            )
        ),
    )


def _plan() -> CapacityPlan:
    return edition_in_force().plan(OPERATION)
