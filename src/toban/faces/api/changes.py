"""What changed, by the API; a pipeline records its releases here."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from toban.engine.changes import recorded, recording
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.flagged import answer, important, needs_answer
from toban.engine.changes.models import Change, ChangeAnswer
from toban.engine.changes.query import ChangeSearch, TellingChange, around, found
from toban.engine.clock import system_clock
from toban.engine.editions import present
from toban.engine.people.models import OperatorRole
from toban.faces.api import cursors
from toban.faces.api.access import require_manager, token_of
from toban.faces.api.acting import giver_of, ordered
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Asked, IdempotencyKey, Moment, Number, Part, Said, Text, Turn
from toban.faces.values.changes import change_values

router = ScopedRouter()

_USUAL = timedelta(days=30)


class ShownChange(Schema):
    """A change."""

    entry: int
    """The number of its entry in the evidence."""
    at: str
    recorded_at: str
    kind: ChangeKind
    by: str
    what: Said
    details: list[Said]
    note: Said | None
    clause: str
    about: list[str]
    url: str | None


class ShownFlaggedChange(ShownChange):
    """A change that somebody must say something about, and what they found."""

    answered_at: str | None
    answered_by: str
    remark: str


class FlaggedPeriod(Schema):
    """Of when."""

    since: Moment | None = None
    until: Moment | None = None


class WantedChangeAnswer(Asked):
    """What was found about a flagged change."""

    remark: Text


class ChangeFilter(Schema):
    """Which changes are wanted."""

    about: Text = ""
    """A row's id, a host, a service, a target, a batch; what is about the whole system counts, too."""
    kind: ChangeKind | None = None
    by: Text = ""
    since: Moment | None = None
    until: Moment | None = None


class WantedChange(Asked):
    """A change that was made elsewhere."""

    kind: Literal["release", "rollback", "scaling", "remedy", "patch", "other"]
    text: Annotated[str, Field(min_length=1, max_length=recorded.LONGEST_TEXT, pattern=r"^[^\x00]*$")]
    about: list[Annotated[str, Field(max_length=recorded.LONGEST_NAME, pattern=r"^[^\x00]*$")]] = Field(
        [], max_length=recorded.MOST_NAMES
    )
    version: Annotated[str, Field(max_length=recorded.LONGEST_NAME, pattern=r"^[^\x00]*$")] = ""
    url: Annotated[str, Field(max_length=recorded.LONGEST_URL, pattern=r"^[^\x00]*$")] = ""
    at: Moment | None = None


@router.read("/changes", "read:changes", Part[ShownChange])
def changes(request: HttpRequest, turn: Query[Turn], asked: Query[ChangeFilter]) -> Any:
    """List what changed, newest first: of the last 30 days, unless `since` says otherwise.

    Changes of accounts are shown to managers only.
    """
    edition = present.edition()
    wanted = ChangeSearch(
        about=around(edition, asked.about) if edition and asked.about else {asked.about} - {""},
        since=asked.since or system_clock() - _USUAL,
        until=asked.until,
        kinds=(asked.kind,) if asked.kind else (),
        actor=asked.by,
        with_accounts=token_of(request).operator.operator_role == OperatorRole.MANAGER,
    )
    rows, before = found(wanted), cursors.position(request, turn)
    if before is not None:
        at, entry = before
        rows = rows.filter(Q(at__lt=at) | Q(at=at, entry__lt=entry))
    return cursors.part(
        request,
        turn,
        rows[: turn.limit + 1],
        lambda row: change_values(TellingChange(row)),
        _place,
    )


@router.act("/changes", "act:changes", ShownChange, status=201)
def record(request: HttpRequest, wanted: WantedChange, key: IdempotencyKey) -> Any:
    """Record a change that was made elsewhere: a release by its pipeline."""
    change = recorded.RecordedChange(
        kind=ChangeKind(wanted.kind),
        text=wanted.text,
        about=tuple(wanted.about),
        version=wanted.version,
        url=wanted.url,
        at=wanted.at,
    )
    maker = giver_of(request).token_maker
    return ordered(
        request,
        key,
        lambda by, now: change_values(
            TellingChange(recording.record(change, by=by, now=now, token_maker=maker))
        ),
    )


@router.read("/changes/flagged", "read:changes", Part[ShownFlaggedChange])
def flagged_changes(request: HttpRequest, turn: Query[Turn], asked: Query[FlaggedPeriod]) -> Any:
    """List the changes that a review of the audit log answers, newest first; managers' tokens only."""
    require_manager(request)
    now = system_clock()
    wanted = important(asked.since or now - _USUAL, asked.until or now)
    before = cursors.position(request, turn)
    rest = [each for each in wanted if needs_answer(each) and (before is None or _is_older(each, before))]
    part = rest[: turn.limit + 1]
    answers = ChangeAnswer.objects.in_bulk([each.change.pk for each in part])
    return cursors.part(
        request,
        turn,
        part,
        lambda each: {**change_values(each), **_answer_values(answers.get(each.change.pk))},
        lambda each: _place(each.change),
    )


@router.act("/changes/{number}/answer", "act:changes", ShownFlaggedChange)
def answer_change(
    request: HttpRequest, number: Number, wanted: WantedChangeAnswer, key: IdempotencyKey
) -> Any:
    """Record what was found about a flagged change; nobody answers about their own. Managers' tokens only."""
    require_manager(request)

    def act(_by: str, now: datetime) -> dict[str, object]:
        given = answer(number, wanted.remark, by=giver_of(request), now=now)
        return {**change_values(TellingChange(given.change)), **_answer_values(given)}

    return ordered(request, key, act)


def _place(change: Change) -> list[Any]:
    """Return the place of *change* in a list, newest first, which stays the same as newer ones come."""
    return [change.at.isoformat(), change.pk]


def _is_older(each: TellingChange, place: list[Any]) -> bool:
    at, entry = place
    return (each.change.at, each.change.pk) < (datetime.fromisoformat(at), entry)


def _answer_values(given: ChangeAnswer | None) -> dict[str, object]:
    return {
        "answered_at": given.at.isoformat() if given is not None else None,
        "answered_by": given.by if given is not None else "",
        "remark": given.remark if given is not None else "",
    }
