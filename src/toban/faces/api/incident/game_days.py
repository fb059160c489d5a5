"""Game days by the API: listed with every time beside its limit, and held."""

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Query, Schema

from toban.chapters.incident.gameday import ordering
from toban.chapters.incident.gameday.ordering import GameDayOrder
from toban.chapters.incident.gameday.watching import Part as GameDayPart
from toban.chapters.incident.models import GameDay
from toban.chapters.incident.operation import OPERATION
from toban.faces.api import cursors
from toban.faces.api.acting import giver_of, ordered
from toban.faces.api.edition import edition_in_force
from toban.faces.api.incident.schemas import Title
from toban.faces.api.router import ScopedRouter
from toban.faces.api.runs import ShownRun
from toban.faces.api.values import Asked, IdempotencyKey, Number, Part, Said, Turn
from toban.faces.values.incident import game_day_values
from toban.faces.values.runs import run_values

router = ScopedRouter()
_READ, _ACT = "read:incidents", "act:runs"
"""Who answers incidents need not be let to break anything: that is a run with commands."""


class ShownGameDayPart(Schema):
    """A part of the chain, with its time beside the document's limit."""

    part: GameDayPart
    passed: bool
    took_seconds: float | None
    """Null if it has not answered."""
    limit_seconds: float | None
    """Null if the document sets none."""
    said: Said


class ShownGameDay(Schema):
    """A failure that was made on purpose, and what has answered."""

    game_day: int
    failure: str
    clause: str
    state: GameDay.State
    run: int | None
    incident: int | None
    broken_at: str
    ended_at: str | None
    times: dict[str, str]
    """When it was broken and restored, and when each part has answered."""
    parts: list[ShownGameDayPart]
    """Empty while it goes on."""
    said: Said | None
    evidence: int | None


class WantedGameDay(Asked):
    """A failure that is to be made."""

    failure: Title
    """In the words of its row."""


@router.read("/game-days", _READ, Part[ShownGameDay])
def game_days(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List the game days, the newest first."""
    return cursors.newest(request, turn, GameDay.objects.all(), game_day_values)


@router.read("/game-days/{game_day_id}", _READ, ShownGameDay)
def game_day(request: HttpRequest, game_day_id: Number) -> Any:
    """Return a game day with every time beside its limit."""
    del request
    found = GameDay.objects.filter(pk=game_day_id).first()
    if found is None:
        raise Http404
    return game_day_values(found)


@router.act("/game-days", _ACT, ShownRun, status=201)
def hold(request: HttpRequest, wanted: WantedGameDay, key: IdempotencyKey) -> Any:
    """Break something on purpose: hold a game day of a failure for which `[faults]` says how it is made."""
    asked = GameDayOrder(wanted.failure, edition_in_force().plan(OPERATION), giver_of(request))
    return ordered(request, key, lambda _name, now: run_values(ordering.order(asked, now)))
