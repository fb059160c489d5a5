"""Logs by the API: the search of the page, and the figures of routes."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from toban.engine.clock import system_clock
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.search import LogSearch, RowPosition, TimeSpan
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.requests import RouteOrder, logged_routes
from toban.faces.api import cursors
from toban.faces.api.problems import Problem
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import AS_WRITTEN, Moment, Part, Text, Turn
from toban.faces.words.logs import as_record
from toban.faces.words.traces import route_record
from toban.message import Message

router = ScopedRouter()

_USUAL = timedelta(hours=1)


class LogFilter(Schema):
    """Which lines are wanted."""

    q: Text = ""
    """The search, in the language of the page: `level:ERROR service:shop-api status:>=500`."""
    since: Moment | None = None
    """An hour before `until`, unless told otherwise."""
    until: Moment | None = None
    """Now, unless told otherwise."""


class ShownLog(Schema):
    """A line of a log in the document's format, with the sender's own fields; empty ones are left out."""

    timestamp: str
    model_config = {"extra": "allow"}  # noqa: RUF012 - as pydantic declares it


@router.read("/logs", "read:logs", Part[ShownLog])
def logs(request: HttpRequest, turn: Query[Turn], asked: Query[LogFilter]) -> Any:
    """Search the logs, newest first."""
    # A further part is of the same stretch of time: "now" moves on.
    *place, since, until = cursors.position(request, turn) or (None, None)
    if since is not None:
        asked.since, asked.until = map(datetime.fromisoformat, (since, until))
    end = asked.until or system_clock() + timedelta(minutes=10)
    start = asked.since or (asked.until or system_clock()) - _USUAL
    if start >= end:
        raise Problem("invalid", HTTPStatus.UNPROCESSABLE_ENTITY, Message("telemetry.start-after-end"))
    found = LogSearch(telemetry()).newest(
        read_search(asked.q).terms,
        TimeSpan(start, end),
        limit=turn.limit + 1,
        before=RowPosition(*place) if place else None,
    )
    return cursors.part(request, turn, found, as_record, lambda row: [*row.place, *map(str, (start, end))])


class RouteFilter(Schema):
    """Which routes are wanted."""

    service: Text = ""
    """Of this service only."""
    sort: RouteOrder = RouteOrder.P95
    """The greatest first; `failed` is the share of errors."""
    since: Moment | None = None
    """An hour before `until`, unless told otherwise."""
    until: Moment | None = None
    """Now, unless told otherwise."""
    limit: Annotated[int, Field(ge=1, le=200), AS_WRITTEN] = 50


class ShownLoggedRoute(Schema):
    """The requests that access logs have of one route; percentiles are null if no line has a time."""

    service: str
    method: str
    route: str
    """In paths, numbers and keys are replaced by `{}`."""
    count: int
    perMinute: float  # noqa: N815 - as the command writes it
    failed: int
    """Those answered with 500 or more."""
    p50Ms: float | None  # noqa: N815
    p95Ms: float | None  # noqa: N815
    p99Ms: float | None  # noqa: N815


class ShownLoggedRoutes(Schema):
    """The first routes of the order asked for."""

    since: str
    until: str
    items: list[ShownLoggedRoute]


@router.read("/logs/routes", "read:logs", ShownLoggedRoutes)
def routes(request: HttpRequest, asked: Query[RouteFilter]) -> Any:
    """Return requests, errors and response times by route, from access logs."""
    del request
    end = asked.until or system_clock()
    start = asked.since or end - _USUAL
    if start >= end:
        raise Problem("invalid", HTTPStatus.UNPROCESSABLE_ENTITY, Message("telemetry.start-after-end"))
    found = logged_routes(
        telemetry(), TimeSpan(start, end), service=asked.service, order=asked.sort, limit=asked.limit
    )
    seconds = (end - start).total_seconds()
    items = [route_record(each, seconds) for each in found]
    return {"since": start.isoformat(), "until": end.isoformat(), "items": items}
