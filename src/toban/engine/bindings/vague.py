"""The meaning of a document's vague words: `[assumptions]` defines 深夜. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import time

from toban.design.clauses.base import Clause
from toban.design.reader import Design
from toban.design.values.schedule import Schedule

_CLOCK_TAKEN = re.compile(r"「([^」]+)」を(\d{1,2}:\d\d)と解釈しました")
"""The text by which the schedule reader reports that it took a word for a clock time."""


def clock_words(design: Design) -> dict[str, str]:
    """Return the words of *design* that were taken for a clock time, with that time: 深夜 → 2:00."""
    said = (assumption for clause in design.clauses for assumption in clause.assumptions)
    return {match[1]: match[2] for text in said if (match := _CLOCK_TAKEN.fullmatch(text))}


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
    assumptions = tuple(_said(text, meanings, file) for text in clause.assumptions)
    return replace(clause, **{**changed, "assumptions": assumptions})  # type: ignore[arg-type]


def _value(value: object, meanings: Mapping[str, time], file: str) -> object:
    if isinstance(value, Schedule):
        return _schedule(value, meanings, file)
    if isinstance(value, tuple) and any(isinstance(each, Schedule) for each in value):
        return tuple(_value(each, meanings, file) for each in value)
    return value


def _schedule(schedule: Schedule, meanings: Mapping[str, time], file: str) -> Schedule:
    meaning = next(_meanings(schedule, meanings), None)
    if meaning is None:
        return schedule
    said = tuple(_said(text, meanings, file) for text in schedule.assumptions)
    return replace(schedule, at=meaning, assumptions=said)


def _meanings(schedule: Schedule, meanings: Mapping[str, time]) -> Iterator[time]:
    for text in schedule.assumptions:
        match = _CLOCK_TAKEN.fullmatch(text)
        if match is not None and match[1] in meanings:
            yield meanings[match[1]]


def _said(text: str, meanings: Mapping[str, time], file: str) -> str:
    match = _CLOCK_TAKEN.fullmatch(text)
    if match is None or match[1] not in meanings:
        return text
    at = meanings[match[1]]
    return f"「{match[1]}」は {file} の [assumptions] により {at.hour}:{at:%M} です"
