"""What requests and answers of the API are made of."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from ninja import Header, Schema
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field

_FIRST, _LAST = 2000, 2199
_GREATEST = 2**63 - 1
_INTEGER = re.compile("-?(0|[1-9][0-9]*)")


def _in_range(moment: datetime) -> datetime:
    if not _FIRST <= moment.year <= _LAST:
        raise ValueError(f"a time from {_FIRST} to {_LAST} is wanted")
    return moment.astimezone(UTC)


def _as_written(number: object) -> object:
    """Refuse what Python reads as a number and the description doesn't call one: `+1`, ` 1`, `1_0`."""
    if isinstance(number, str) and not _INTEGER.fullmatch(number):
        raise ValueError("an integer is wanted")
    return number


type Moment = Annotated[
    AwareDatetime,
    AfterValidator(_in_range),
    Field(json_schema_extra={"pattern": "^2[01]"}, examples=["2026-11-25T18:00:00Z"]),
]
"""A time with its zone; databases know no other years."""
AS_WRITTEN = BeforeValidator(_as_written)
"""Behind the bounds of an integer: they would not be described otherwise."""
type Number = Annotated[int, Field(ge=1, le=_GREATEST), AS_WRITTEN]
"""A number of something in the state database."""
# No `type`: of a parameter with a default, ninja would describe the type by its name, and leave out its own.
Text = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]
"""A text that PostgreSQL can hold."""
# Nor here: ninja looks for the header in the annotation itself.
IdempotencyKey = Annotated[
    str | None,
    Header(
        None,
        alias="Idempotency-Key",
        max_length=255,
        pattern=r"^[!-~]+$",
        description="The same key within a day carries out the order once, and gets the first answer again.",
    ),
]


class Asked(Schema):
    """The body of a request; unknown names are refused: a misspelt one would be left out silently."""

    model_config = ConfigDict(extra="forbid")


class Why(Asked):
    """The reason for an order."""

    reason: Text


class Turn(Schema):
    """Which part of a long list is wanted."""

    limit: Annotated[int, Field(ge=1, le=200), AS_WRITTEN] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None
    """`next` of the part before."""


class Said(Schema):
    """A message: its permanent code, its values, and the sentence in the request's language."""

    code: str
    values: dict[str, Any]
    text: str


class Part[Item](Schema):
    """A part of a long list."""

    items: list[Item]
    next: str | None
    """The cursor of the next part; null if this is the last."""
