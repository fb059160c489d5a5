"""The meaning of a document's vague words: `[assumptions]` defines 深夜. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import time

from toban.design.clauses.base import Clause
from toban.design.reader import Design
from toban.design.values.schedule import Schedule
from toban.message import Message

_CLOCK_ASSUMED = "design.clock-assumed"
"""What the schedule reader says when it took a *word* for a clock time, *at*."""


def clock_words(design: Design) -> dict[str, str]:
    """Return the words of *design* that were taken for a clock time, with that time: 深夜 → 2:00."""
    said = (assumption for clause in design.clauses for assumption in clause.assumptions)
    return {str(each.values["word"]): str(each.values["at"]) for each in said if each.code == _CLOCK_ASSUMED}


def settle(design: Design, meanings: Mapping[str, time], file: str) -> Design:
    """Return *design* with the clock times that *file* gives for its vague words; they are settled then."""
    if not meanings:
        return design
    return replace(design, clauses=tuple(_settled(clause, meanings, file) for clause in design.clauses))


def _settled[C: Clause](clause: C, meanings: Mapping[str, time], file: str) -> C:
    changed: dict[str, object] = {
        each.name: new
        for each in fields(clause)
        if (new := _value(getattr(clause, each.name), meanings, file)) is not getattr(clause, each.name)
    }
    if not changed:
        return clause
    assumptions = tuple(_said(each, meanings, file) for each in clause.assumptions)
    return replace(clause, **{**changed, "assumptions": assumptions})  # type: ignore[arg-type]


def _value(value: object, meanings: Mapping[str, time], file: str) -> object:
    if isinstance(value, Schedule):
        return _schedule(value, meanings, file)
    if isinstance(value, tuple) and any(isinstance(each, Schedule) for each in value):
        return tuple(_value(each, meanings, file) for each in value)
    return value


def _schedule(schedule: Schedule, meanings: Mapping[str, time], file: str) -> Schedule:
    if schedule.also:
        first, *further = (_schedule(each, meanings, file) for each in schedule.each)
        settled = replace(first, also=tuple(further))
        return schedule if settled == schedule else settled
    meaning = next(_meanings(schedule, meanings), None)
    if meaning is None:
        return schedule
    said = tuple(_said(each, meanings, file) for each in schedule.assumptions)
    return replace(schedule, at=meaning, assumptions=said)


def _meanings(schedule: Schedule, meanings: Mapping[str, time]) -> Iterator[time]:
    for each in schedule.assumptions:
        meaning = _meaning(each, meanings)
        if meaning is not None:
            yield meaning


def _meaning(assumption: Message, meanings: Mapping[str, time]) -> time | None:
    """Return the clock time that *meanings* give for the word of *assumption*, if it is about one."""
    return meanings.get(str(assumption.values["word"])) if assumption.code == _CLOCK_ASSUMED else None


def _said(assumption: Message, meanings: Mapping[str, time], file: str) -> Message:
    at = _meaning(assumption, meanings)
    if at is None:
        return assumption
    word = assumption.values["word"]
    return Message("bindings.clock-from-bindings", word=word, file=file, at=f"{at.hour}:{at:%M}")
