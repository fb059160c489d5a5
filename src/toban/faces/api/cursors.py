"""Long lists in parts: each part names where the next begins, signed, so that nobody can make one up."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from toban.faces.api.problems import Problem
from toban.faces.api.values import Turn

_OWN = ("cursor", "limit")


def position(request: HttpRequest, turn: Turn) -> Any:
    """Return where the wanted part begins; None for the first. A cursor of another list is refused."""
    if turn.cursor is None:
        return None
    try:
        return _signer(request).unsign_object(turn.cursor)
    except BadSignature:
        raise Problem("bad-cursor", HTTPStatus.BAD_REQUEST) from None


def part(
    request: HttpRequest,
    turn: Turn,
    found: Iterable[Any],
    values: Callable[[Any], object],
    at: Callable[[Any], Any],
) -> dict[str, Any]:
    """Return a part: *found* holds one more than wanted if another part follows; *at* is an item's place."""
    wanted = list(found)
    shown = wanted[: turn.limit]
    following = _signer(request).sign_object(at(shown[-1])) if len(wanted) > len(shown) else None
    return {"items": [values(each) for each in shown], "next": following}


def newest[Row: Model](
    request: HttpRequest, turn: Turn, rows: QuerySet[Row], values: Callable[[Row], object]
) -> dict[str, Any]:
    """Return a part of *rows*, those with the greatest numbers first."""
    before = position(request, turn)
    wanted = rows if before is None else rows.filter(pk__lt=before)
    return part(request, turn, wanted.order_by("-pk")[: turn.limit + 1], values, lambda row: row.pk)


def _signer(request: HttpRequest) -> Signer:
    """Sign for the list that *request* asks for: its address and its filters."""
    asked = request.GET.copy()
    for name in _OWN:
        asked.pop(name, None)
    filters = sorted((name, each) for name, values in asked.lists() for each in values)
    return Signer(salt=f"toban.api.cursor {request.path} {filters}")
