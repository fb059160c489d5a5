"""What of a timeline stands in a report, in which words, and under which number of the evidence. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from toban.chapters.incident.reports.content import CourseLine
from toban.chapters.incident.timeline.kinds import EntryKind, TimelineLine
from toban.message import NOTHING, Message

MOST = 60
"""Lines of a report: more is read by nobody, and stands on the timeline."""
_TOLD = (
    EntryKind.ALERT,
    EntryKind.ACKNOWLEDGEMENT,
    EntryKind.CHANGE,
    EntryKind.REMEDY,
    EntryKind.LEVEL,
    EntryKind.STAGE,
    EntryKind.ACT,
    EntryKind.NOTE,
    EntryKind.SPIKE,
)
"""Notifications and the single steps of runs are left out."""
_BESIDE = "/beside"
_NUMBERED = re.compile(r"(alert|run|change|remedy)/(\d+)(?:/|$)")


def condensed(lines: Sequence[TimelineLine]) -> Sequence[CourseLine]:
    """Return what of *lines* stands in a report, in order; alerts that follow each other are one line."""
    told = [each for each in lines if each.kind in _TOLD and not each.is_hidden and _is_own(each)]
    found = [line for _, group in groupby(told, _together) for line in _lines(list(group))]
    if len(found) <= MOST:
        return found
    # Levels, remedies, stages and what people wrote say more than a single alert.
    weighty = [each for each in told if each.kind not in (EntryKind.ALERT, EntryKind.SPIKE, EntryKind.CHANGE)]
    ends = [each for each in (told[0], told[-1]) if each not in weighty]
    kept = sorted((*ends, *weighty[: MOST - len(ends)]), key=lambda each: (each.at, each.number))
    return [_line(each) for each in kept]


def proof_of(line: TimelineLine) -> Message:
    """Return the number under which the evidence of *line* is found."""
    match = _NUMBERED.match(line.key)
    if match is None:
        return Message("incident-reports.proof-line", number=line.number)
    return Message(f"incident-reports.proof-{match[1]}", number=int(match[2]))


def _is_own(line: TimelineLine) -> bool:
    return not line.key.endswith(_BESIDE)


def _together(line: TimelineLine) -> tuple[EntryKind, str] | int:
    """Return the same for lines that are told as one."""
    if line.kind is EntryKind.ALERT and not line.is_amended:
        return line.kind, line.key.rpartition("/")[2]
    return line.number


def _lines(group: Sequence[TimelineLine]) -> Iterator[CourseLine]:
    first, *further = group
    if not further:
        yield _line(first)
        return
    said = Message("incident-reports.course-several", said=first.said, count=len(further))
    yield CourseLine(first.at, said, _outside(first), first.by, proof_of(first))


def _line(line: TimelineLine) -> CourseLine:
    return CourseLine(line.at, line.said, _outside(line), line.by, proof_of(line))


def _outside(line: TimelineLine) -> Message:
    """Return *line* in words that name nobody and no machine; NOTHING if customers are not told."""
    match line.kind:
        case EntryKind.ALERT:
            is_over = line.key.endswith("/resolved")
            return Message(
                "incident-reports.outside-recovered" if is_over else "incident-reports.outside-alert"
            )
        case EntryKind.ACKNOWLEDGEMENT:
            return Message("incident-reports.outside-acknowledged")
        case EntryKind.REMEDY:
            return Message("incident-reports.outside-remedy")
        case EntryKind.LEVEL:
            return Message("incident-reports.outside-level", level=line.said.values.get("level", ""))
        case EntryKind.CHANGE:
            kind = line.said.values.get("kind")
            return Message("incident-reports.outside-change", kind=kind) if kind else NOTHING
        case _:
            return NOTHING


def outside(lines: Iterable[CourseLine]) -> Iterator[CourseLine]:
    """Yield what customers read of *lines*: what says the same again is told once."""
    last = NOTHING
    for each in lines:
        if each.outside and each.outside != last:
            yield each
            last = each.outside
