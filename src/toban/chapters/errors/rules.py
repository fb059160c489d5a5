"""Which events are the same error, and what becomes of an error when it happens again. Pure.

Two events are the same error when their fingerprints are: the SDK's own, where it gives one; else the types
of the exceptions and the calls of the application itself; else the message, without what varies in it.
Lines and columns don't count: every release moves them.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from toban.chapters.errors.intake.event import ErrorEvent, Frame, Raised
from toban.chapters.errors.releases import is_before

_CALLS = 30
"""Calls of one exception that count, the innermost."""
_DEFAULT = re.compile(r"\{\{\s*default\s*\}\}")


class By(StrEnum):
    """By what events were found to be the same."""

    FINGERPRINT = "fingerprint"
    STACK = "stack"
    TYPE = "type"
    """An exception without a stack that says anything: its type and its words."""
    MESSAGE = "message"
    OVERFLOW = "overflow"
    """By nothing: there were too many errors that are not the same."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """What makes an event the same as others."""

    by: By
    parts: tuple[str, ...]

    @property
    def key(self) -> str:
        """The same for the same error, in hex."""
        return hashlib.sha256("\0".join((self.by, *self.parts)).encode()).hexdigest()


OVERFLOW = Grouping(By.OVERFLOW, ())
"""Where events go whose error would be one too many."""


def grouping(event: ErrorEvent) -> Grouping:
    """Return what makes *event* the same as others."""
    usual = _usual(event)
    if not event.fingerprint or all(_DEFAULT.fullmatch(each) for each in event.fingerprint):
        return usual
    parts: list[str] = []
    for each in event.fingerprint:
        parts += usual.parts if _DEFAULT.fullmatch(each) else (each,)
    return Grouping(By.FINGERPRINT, tuple(parts))


def _usual(event: ErrorEvent) -> Grouping:
    if not event.raised:
        return Grouping(By.MESSAGE, (event.template or without_ids(event.message), event.logger))
    if not any(_telling(raised) for raised in event.raised):
        return Grouping(By.TYPE, tuple(f"{each.kind}: {without_ids(each.value)}" for each in event.raised))
    parts = [part for raised in event.raised for part in (raised.kind, *_telling(raised))]
    return Grouping(By.STACK, tuple(parts))


def _telling(raised: Raised) -> Sequence[str]:
    """Return the calls that say where it happened: the application's own, where it has any among them."""
    own = [frame for frame in raised.frames if frame.in_app] or raised.frames
    calls: list[str] = []
    for call in filter(None, map(_call, own)):
        # However deep a recursion went, it is the same error.
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
# main.3f2a9c1b.js, chunk-5G7KQ2XN.js, app-B3kd02_x.mjs: what a bundler puts there of the content.
_DIGEST = re.compile(
    r"(?<=[.\-_~])(?=[\w-]*\d)[0-9A-Za-z_-]{8,64}(?=\.[A-Za-z]+$)|(?<=[.\-_~])[0-9a-f]{8,64}(?=\.)"
)
_VERSION = re.compile(r"(?<=/)v?\d+(?:\.\d+)+(?=/)|(?<=/)[0-9a-f]{8,64}(?=/)")


def _call(frame: Frame) -> str:
    """Return what stays of a call from one release to the next; empty where nothing tells it from others."""
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
    """Return *text* with names instead of what differs each time: ids, dates, addresses, numbers."""
    return " ".join(_IDS.sub(lambda found: f"<{found.lastgroup}>", text).split())


class State(StrEnum):
    """How an error stands, by people's word."""

    OPEN = "open"
    RESOLVED = "resolved"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Standing:
    """What people said of an error, as far as its next event is judged by it."""

    state: State
    resolved_at: datetime | None = None
    resolved_in: str = ""
    """The release that mends it; empty: it is mended everywhere since `resolved_at`."""


class Arrival(StrEnum):
    """What an event means for its error."""

    NEW = "new"
    AGAIN = "again"
    REGRESSED = "regressed"
    """It had been resolved, and is there again."""
    EXPECTED = "expected"
    """It is resolved, and this comes from before: an older release, or an older moment."""
    IGNORED = "ignored"


def arrival(known: Standing | None, release: str, at: datetime, order: Sequence[str]) -> Arrival:
    """Say what an event of *release*, that happened *at*, means; *order* holds the releases as first seen."""
    if known is None:
        return Arrival.NEW
    if known.state is not State.RESOLVED:
        return Arrival.IGNORED if known.state is State.IGNORED else Arrival.AGAIN
    if known.resolved_in and release:
        return Arrival.EXPECTED if is_before(release, known.resolved_in, order) else Arrival.REGRESSED
    is_from_before = known.resolved_at is not None and at <= known.resolved_at
    return Arrival.EXPECTED if is_from_before else Arrival.REGRESSED


TOLD = (Arrival.NEW, Arrival.REGRESSED)
"""What somebody is to hear of."""


_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Tally:
    """What an application has sent since a moment, which is counted for a minute."""

    since: float
    """In seconds, of whatever clock."""
    count: int


def admitted(tally: Tally | None, rate: int, seconds: float) -> tuple[Tally, int]:
    """Count one more event at *seconds*; return the tally, and in how many seconds to try again (0: taken).

    An event that is turned away is not counted: whoever waits as told is let in.
    """
    if tally is None or seconds - tally.since >= _MINUTE:
        tally = Tally(seconds, 0)
    if tally.count >= rate:
        return tally, math.ceil(tally.since + _MINUTE - seconds)
    return Tally(tally.since, tally.count + 1), 0
