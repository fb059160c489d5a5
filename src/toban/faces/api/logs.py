"""Logs by the API: the search of the page."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from ninja import Query, Schema

from toban.engine.clock import system_clock
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.search import LogSearch, RowPosition, TimeSpan
from toban.engine.telemetry.present import telemetry
from toban.faces.api import cursors
from toban.faces.api.problems import Problem
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Moment, Part, Text, Turn
from toban.faces.words.logs import as_record
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
