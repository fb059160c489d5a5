"""Which events are the same error, and what happens to an error when it occurs again. Pure.

Two events are the same error if their fingerprints are equal: the SDK's own, if it gives one; else the types
of the exceptions, the calls of the application itself and the line of source that failed; else the message
without its variable parts. Numbers of lines and columns don't count: every release moves them.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain

from toban.chapters.errors.intake.event import ErrorEvent, RaisedException, StackFrame
from toban.chapters.errors.releases import is_before

MOST_NEW = 300
"""New errors of one application per hour; anyone with the public key could invent any number."""

_LONGEST_SOURCE = 200
"""Characters; a longer line is a bundle's, which every build changes."""
_CALLS = 30
"""Calls of one exception that are compared, the innermost."""
_DEFAULT = re.compile(r"\{\{\s*default\s*\}\}")


class GroupingBasis(StrEnum):
    """How events were found to be the same."""

    FINGERPRINT = "fingerprint"
    STACK = "stack"
    TYPE = "type"
    """An exception without a meaningful stack: its type and its message."""
    MESSAGE = "message"
    OVERFLOW = "overflow"
    """Not at all: there were too many different errors."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """What makes an event the same error as others."""

    by: GroupingBasis
    parts: tuple[str, ...]
    without_source: tuple[str, ...] = ()
    """The parts without lines of source, by which errors were told apart until these counted."""

    @property
    def key(self) -> str:
        """A key in hex, equal for the same error."""
        return self._key(self.parts)

    @property
    def former_key(self) -> str:
        """The key that the same error had before lines of source counted."""
        return self._key(self.without_source or self.parts)

    def _key(self, parts: Sequence[str]) -> str:
        return hashlib.sha256("\0".join((self.by, *parts)).encode()).hexdigest()


OVERFLOW = Grouping(GroupingBasis.OVERFLOW, ())
"""The group for events whose error would exceed the limit."""


def grouping(event: ErrorEvent) -> Grouping:
    """Return what makes *event* the same error as others."""
    usual = _usual(event)
    if not event.fingerprint or all(_DEFAULT.fullmatch(each) for each in event.fingerprint):
        return usual
    return Grouping(
        GroupingBasis.FINGERPRINT,
        _filled(event.fingerprint, usual.parts),
        _filled(event.fingerprint, usual.without_source or usual.parts),
    )


def _filled(fingerprint: Sequence[str], usual: Sequence[str]) -> tuple[str, ...]:
    return tuple(part for each in fingerprint for part in (usual if _DEFAULT.fullmatch(each) else (each,)))


def _usual(event: ErrorEvent) -> Grouping:
    if not event.raised:
        return Grouping(GroupingBasis.MESSAGE, (event.template or without_ids(event.message), event.logger))
    if not any(_telling(raised) for raised in event.raised):
        return Grouping(
            GroupingBasis.TYPE, tuple(f"{each.kind}: {without_ids(each.value)}" for each in event.raised)
        )
    by_calls = [(raised.kind, *_telling(raised)) for raised in event.raised]
    by_source = [(*calls, *_source(raised)) for calls, raised in zip(by_calls, event.raised, strict=True)]
    return Grouping(GroupingBasis.STACK, tuple(chain(*by_source)), tuple(chain(*by_calls)))


def _own(raised: RaisedException) -> Sequence[StackFrame]:
    return [frame for frame in raised.frames if frame.in_app] or raised.frames


def _source(raised: RaisedException) -> Sequence[str]:
    """Return the line of source that failed: two bugs of one function differ in nothing else."""
    source = next((" ".join(frame.source.split()) for frame in reversed(_own(raised)) if _call(frame)), "")
    return (source,) if 0 < len(source) <= _LONGEST_SOURCE else ()


def _telling(raised: RaisedException) -> Sequence[str]:
    """Return the calls that say where it happened: the application's own, if there are any."""
    calls: list[str] = []
    for call in filter(None, map(_call, _own(raised))):
        # A recursion is the same error, however deep it went.
        if not calls or calls[-1] != call:
            calls.append(call)
    return calls[-_CALLS:]


_NAMELESS = re.compile(
    r"|\?|<unknown>|<anonymous>|(?:Object|Array|Module)?\.?<anonymous>|anonymous|\{closure\}"
)
_GENERATED = re.compile(
    r"(?:\$\$?|__)(?:Lambda|lambda|EnhancerBy\w*|Proxy)?\$?\d[\w$/]*|0x[0-9a-fA-F]+|\.__chunk_\w+"
)
_QUERY = re.compile(r"[?#].*$")
_HOST = re.compile(r"^\w[\w+.-]*://[^/]*")
# main.3f2a9c1b.js, chunk-5G7KQ2XN.js, app-B3kd02_x.mjs: the content hash added by a bundler.
_DIGEST = re.compile(
    r"(?<=[.\-_~])(?=[\w-]*\d)[0-9A-Za-z_-]{8,64}(?=\.[A-Za-z]+$)|(?<=[.\-_~])[0-9a-f]{8,64}(?=\.)"
)
_VERSION = re.compile(r"(?<=/)v?\d+(?:\.\d+)+(?=/)|(?<=/)[0-9a-f]{8,64}(?=/)")


def _call(frame: StackFrame) -> str:
    """Return the part of a call that releases don't change; empty if nothing identifies it."""
    function = "" if _NAMELESS.fullmatch(frame.function) else _GENERATED.sub("", frame.function)
    module = _GENERATED.sub("", frame.module) or (plain_file(frame.file) if function else "")
    return f"{module} {function}" if function else frame.module and module


def plain_file(name: str) -> str:
    """Return a file's name without host, query, and the digests and versions that releases change."""
    path = _HOST.sub("", _QUERY.sub("", name.replace("\\", "/")))
    return _VERSION.sub("*", _DIGEST.sub("*", path))


_IDS = re.compile(
    r"""(?P<uuid>\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b)
    |(?P<date>\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)
    |(?P<mail>[\w.%+-]+@[\w-]+(?:\.[\w-]+)+)
    |(?P<ip>\b\d{1,3}(?:\.\d{1,3}){3}\b(?::\d+)?)
    |(?P<hex>\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b)
    |(?P<number>[+-]?\d+(?:[.,]\d+)*)""",
    re.VERBOSE | re.IGNORECASE,
)


def without_ids(text: str) -> str:
    """Return *text* with placeholders for what differs each time: ids, dates, addresses, numbers."""
    return " ".join(_IDS.sub(lambda found: f"<{found.lastgroup}>", text).split())


class ErrorState(StrEnum):
    """The state of an error, as people set it."""

    OPEN = "open"
    RESOLVED = "resolved"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class ErrorResolution:
    """What people decided about an error, as far as it affects the next event."""

    state: ErrorState
    resolved_at: datetime | None = None
    resolved_in: str = ""
    """The release that fixes it; empty: fixed everywhere since `resolved_at`."""


class EventEffect(StrEnum):
    """What an event means for its error."""

    NEW = "new"
    AGAIN = "again"
    REGRESSED = "regressed"
    """It was resolved, and has happened again."""
    EXPECTED = "expected"
    """It is resolved, and this event is from before: an older release, or an earlier time."""
    IGNORED = "ignored"


def arrival(known: ErrorResolution | None, release: str, at: datetime, order: Sequence[str]) -> EventEffect:
    """Say what an event of *release* at *at* means; *order* lists the releases as first seen."""
    if known is None:
        return EventEffect.NEW
    if known.state is not ErrorState.RESOLVED:
        return EventEffect.IGNORED if known.state is ErrorState.IGNORED else EventEffect.AGAIN
    if known.resolved_in and release:
        return EventEffect.EXPECTED if is_before(release, known.resolved_in, order) else EventEffect.REGRESSED
    is_from_before = known.resolved_at is not None and at <= known.resolved_at
    return EventEffect.EXPECTED if is_from_before else EventEffect.REGRESSED


TOLD = (EventEffect.NEW, EventEffect.REGRESSED)
"""The arrivals that send a notification."""


_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class EventTally:
    """What an application has sent since a moment, counted over one minute."""

    since: float
    """In seconds, on any clock."""
    count: int


def pause(tally: EventTally | None, rate: int, seconds: float) -> int:
    """Return how many seconds an application has to wait before its next event; 0: it may send now."""
    if tally is None or seconds - tally.since >= _MINUTE or tally.count < rate:
        return 0
    return math.ceil(tally.since + _MINUTE - seconds)


def admitted(tally: EventTally | None, rate: int, seconds: float) -> tuple[EventTally, int]:
    """Count one more event at *seconds*; return the tally, and the seconds to wait (0: accepted).

    A rejected event is not counted: a sender that waits as long as told is let in.
    """
    if tally is None or seconds - tally.since >= _MINUTE:
        tally = EventTally(seconds, 0)
    if wait := pause(tally, rate, seconds):
        return tally, wait
    return EventTally(tally.since, tally.count + 1), 0
