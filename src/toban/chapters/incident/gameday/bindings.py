"""Game days in `toban.toml`: how a known failure is made, and when."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, InstanceOf

from toban.design.clauses.base import Clause
from toban.design.clauses.incident import FailurePattern
from toban.design.reader import Design
from toban.design.values.schedule import Schedule, read_schedule
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.section import Assumed, Section, invalid
from toban.engine.bindings.table import named, single
from toban.engine.bindings.values import Length
from toban.message import Message


def _schedule(written: object) -> object:
    found = read_schedule(written) if isinstance(written, str) else written
    if not isinstance(found, Schedule) or not found.is_timed:
        raise invalid(Message("incident-gameday.not-days"), Message("incident-gameday.write-days"))
    return found


class FaultBinding(Section):
    """`[faults."FAILURE"]`: how a failure of the document is made, and mended again."""

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {
        "break": ["bin/staging", "stop", "web"],
        "restore": ["bin/staging", "start", "web"],
    }

    breaks: tuple[str, ...] = Field(alias="break", min_length=1)
    """The command that makes it. It may be repeated."""
    restore: tuple[str, ...] = Field(min_length=1)
    """The command that mends it, whatever has happened in between. It may be repeated."""
    within: Length = timedelta(minutes=15)
    """How long everything may take to answer; then it is mended."""
    timeout: Length = timedelta(minutes=5)
    """The longest that either command may take."""


def _scheduled(design: Design, bound: Section, _name: str) -> Iterator[Clause]:
    is_held = isinstance(bound, GameDayBinding) and bound.schedule is not None
    return (row for row in design.of(FailurePattern) if is_held and row.symptom is not None)


def _is_bound(_design: Design, bindings: Bindings, _name: str) -> bool:
    return bool(FAULTS.of(bindings))


class GameDayBinding(Section):
    """`[game_days]`: when the failures are made by the calendar."""

    harmless = frozenset({"announce"})

    schedule: Annotated[InstanceOf[Schedule], BeforeValidator(_schedule)] | None = None
    """Days and time in the document's words: 毎月第1水曜 10:00.

    Without, only people make them.
    """
    announce: Annotated[
        Length,
        Assumed(
            "incident-gameday.assumed-announce",
            Message("incident-gameday.why-announce"),
            _scheduled,
            _is_bound,
        ),
    ] = timedelta(days=1)
    """How long before its time people are told of one that the calendar holds."""


def _failures(design: Design) -> Collection[str]:
    return {row.name for row in design.of(FailurePattern)}


FAULTS = named("faults", FaultBinding, names=_failures)
"""A failure in the words of its row → how it is made on a game day."""

GAME_DAYS = single("game_days", GameDayBinding, GameDayBinding())
"""When game days are held."""
