"""What a reader of flesh and blood found in a document, and how the reader's clauses compare.

A label file holds facts and line numbers, never the document's text, so that it can be kept where the
document can't. Each line has columns parted by tabs: the line in the document, the kind, and `field=value`s.
Lines that start with `#` are comments.

The kind is a clause's (`monitor`), several with `|` where a careful reader would take either, or
`none:REASON` for what must not be read although it looks like a row: a requirement, a sample, a plan …
A line with two labels states two things (RPO and RTO).

A value is written as `rendered` gives it. A text is not repeated but pointed at: `c2` is the second cell of
the row, `.` the line itself, `L41` line 41; `L41+c1` needs both. `-` is nothing at all.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any

from toban.design.clauses.base import Clause
from toban.design.values.people import ChannelKind, ChannelRef, Placeholder, Role
from toban.design.values.rotation import Rotation
from toban.design.values.schedule.rule import Schedule
from toban.design.values.threshold import Range, Threshold

NONE = "none"

_PROSE = {"id", "origin", "text", "assumptions"} | {
    *("content", "definition", "duties", "response", "work", "purpose", "cause", "on_failure_text")
}
"""Fields whose words nothing acts on."""
_SPLIT = re.compile(r"(?<!\\)\|")
_MARKS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Label:
    """What stands in one line, by the reading of a person."""

    line: int
    kinds: frozenset[str]
    values: Mapping[str, str]

    @property
    def is_none(self) -> bool:
        """Whether the line must not become a clause."""
        return any(kind.partition(":")[0] == NONE for kind in self.kinds)


def read_labels(path: Path) -> list[Label]:
    """Return the labels of a file; raises `ValueError` with the line that is not one."""
    labels = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        place, *rest = line.rstrip().split("\t")
        if not place.isdigit() or not rest or not all("=" in value for value in rest[1:]):
            raise ValueError(f"{path.name}:{number}: not LINE, KIND and field=value parted by tabs: {line}")
        values = dict(value.split("=", 1) for value in rest[1:])
        labels.append(Label(int(place), frozenset(rest[0].split("|")), values))
    return labels


class DocumentLines:
    """A document's lines, to find a clause's words in."""

    def __init__(self, text: str) -> None:
        self._lines = text.replace("\r\n", "\n").split("\n")

    def pointer(self, words: str, line: int) -> str:
        """Return where *words* of a clause at *line* stand, nearest first; `?` if they stand nowhere."""
        found = [self._place_of(part, line) for part in words.split()]
        whole = self._place_of(words, line)
        return whole if whole != "?" else "+".join(dict.fromkeys(found))

    def agrees(self, words: str, pointer: str, line: int) -> bool:
        """Say whether *words* stand where *pointer* says: all of them, and some in each place."""
        places = [_folded(self._text_at(place, line)) for place in pointer.split("+")]
        if len(places) == 1:
            return bool(words) and _folded(words) in places[0]
        parts = [_folded(part) for part in words.split()]
        return all(any(part in place for place in places) for part in parts) and all(
            any(part in place for part in parts) for place in places
        )

    def _place_of(self, words: str, line: int) -> str:
        folded = _folded(words)
        for number, cell in enumerate(self._cells(line), start=1):
            if folded in _folded(cell):
                return f"c{number}"
        if folded in _folded(self._at(line)):
            return "."
        for above in range(line - 1, 0, -1):
            if folded in _folded(self._at(above)):
                return f"L{above}"
        for below in range(line + 1, min(line + 30, len(self._lines)) + 1):
            if folded in _folded(self._at(below)):
                return f"L{below}"
        return "?"

    def _text_at(self, place: str, line: int) -> str:
        if place.startswith("L"):
            return self._at(int(place[1:]))
        if place.startswith("c"):
            cells = self._cells(line)
            return cells[int(place[1:]) - 1] if int(place[1:]) <= len(cells) else ""
        return self._at(line)

    def _cells(self, line: int) -> list[str]:
        text = self._at(line).strip()
        return _SPLIT.split(text.strip("|")) if text.startswith("|") else []

    def _at(self, line: int) -> str:
        return self._lines[line - 1] if 0 < line <= len(self._lines) else ""


def _folded(text: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKC", re.sub(r"<br\s*/?>", " ", text)).casefold())


def values_of(clause: Clause) -> Iterator[tuple[str, Any]]:
    """Yield the fields that a label may name, with their values."""
    for field in fields(clause):
        if field.name not in _PROSE:
            yield field.name, getattr(clause, field.name)


def differences(clause: Clause, label: Label, lines: DocumentLines) -> list[str]:
    """Return the fields in which *clause* is not what *label* says, each with both values."""
    values = dict(values_of(clause))
    wrong = []
    for name, wanted in label.values.items():
        value = values.get(name)
        if type(value) is str and value and wanted != "-":
            if not lines.agrees(value, wanted, clause.origin.line):
                wrong.append(f"{name}={lines.pointer(value, clause.origin.line)}, not {wanted}")
        elif rendered(value) != wanted:
            wrong.append(f"{name}={rendered(value)}, not {wanted}")
    return wrong


def drafted(clause: Clause, lines: DocumentLines) -> str:
    """Return a label of the clause as it was read, for a person to correct."""
    values = [f"{name}={_drafted(value, clause, lines)}" for name, value in values_of(clause)]
    return "\t".join([str(clause.origin.line), clause.kind, *values])


def _drafted(value: Any, clause: Clause, lines: DocumentLines) -> str:
    is_text = type(value) is str and value
    return lines.pointer(value, clause.origin.line) if is_text else rendered(value)


def rendered(value: Any) -> str:
    """Return a value in the labels' form: `>=80% for 5分`, `weekly 日 02:00-04:00 UTC`, `role,slack+`."""
    if value in (None, "", ()):
        return "-"
    form = _FORMS.get(type(value))
    if form is not None:
        return form(value)
    return value.name.lower().replace("_", "-") if isinstance(value, Enum) else str(value)


def _several(values: tuple[Any, ...]) -> str:
    if all(type(value) is str for value in values):
        return f"#{len(values)}"
    return (" / " if isinstance(values[0], Schedule) else ",").join(map(rendered, values))


def _kind_of(channel: ChannelRef) -> str:
    return channel.kind.name.lower() if isinstance(channel.kind, ChannelKind) else "other"


def _threshold(threshold: Threshold) -> str:
    subject = f"{threshold.subject} " if threshold.subject else ""
    lasting = [
        f"for {threshold.sustained}" if threshold.sustained else "",
        f"x{threshold.consecutive}" if threshold.consecutive else "",
        f"{threshold.tally.times}of{threshold.tally.of}" if threshold.tally else "",
        f"in {threshold.within}" if threshold.within else "",
    ]
    return " ".join(
        part for part in (f"{subject}{threshold.comparison.value}{threshold.limit}", *lasting) if part
    )


def _schedule(schedule: Schedule) -> str:
    clock = f"{schedule.at:%H:%M}" if schedule.at else ""
    clock += f"-{schedule.until:%H:%M}" if schedule.until else ""
    parts = [
        schedule.cadence.value,
        str(schedule.every or ""),
        "".join(schedule.weekdays),
        str(schedule.day or ""),
        ",".join(f"{month}月" for month in schedule.months),
        clock,
        "" if schedule.minute is None else f":{schedule.minute:02}",
        f"x{schedule.times}" if schedule.times else "",
        schedule.zone,
    ]
    return " ".join(part for part in parts if part)


_FORMS: Mapping[type, Callable[[Any], str]] = {
    bool: lambda value: "yes" if value else "no",
    Threshold: _threshold,
    Range: lambda value: f"{value.low or ''}..{value.high or ''}",
    Schedule: _schedule,
    Rotation: lambda value: f"{len(value.people)} people, {_schedule(value.handover)}",
    Role: lambda _: "role",
    Placeholder: lambda _: "placeholder",
    ChannelRef: lambda value: _kind_of(value) + ("+" if value.address else ""),
    tuple: _several,
}
