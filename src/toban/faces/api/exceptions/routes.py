"""Exceptions by the API: they are requested and approved on the page."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from ninja import Query, Schema

from toban.engine.clock import system_clock
from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.rules import ExceptionState
from toban.faces.api import cursors
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Part, Said, Text, Turn
from toban.faces.values.exceptions import exception_values

router = ScopedRouter()


class ShownException(Schema):
    """An exception."""

    exception: int
    state: ExceptionState
    row: str
    citation: str
    text: str
    subject: str
    reason: str
    author: str
    asked_at: str
    ends_at: str
    holds_notices: bool
    renews: int | None
    granted_at: str | None
    granted_by: str
    ended_at: str | None
    ended_because: Said | None


@router.read("/exceptions", "read:exceptions", Part[ShownException])
def exceptions(
    request: HttpRequest, turn: Query[Turn], state: ExceptionState | None = None, row: Text = ""
) -> Any:
    """List exceptions, newest first: of one state, or about one row."""
    now = system_clock()
    found = RowException.objects.in_state(state, now)
    values = partial(exception_values, now=now)
    return cursors.newest(request, turn, found.filter(clause_id=row) if row else found, values)
