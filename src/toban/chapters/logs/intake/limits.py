"""Limits for incoming rows: how old, how large, how deep. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from toban.chapters.logs.rules import LogRules
from toban.design.values.duration import Duration
from toban.engine.telemetry.logs.words import TRACE

LONGEST_LINE = 256 * 1024
"""Bytes."""

DEEPEST = 8
"""Levels of objects and arrays in a field."""

MOST_FIELDS = 200
"""Attributes of a row."""

AHEAD = timedelta(minutes=10)
"""How far a sender's clock may be ahead."""

_LONGEST_NAME = 200


class BadRow(Exception):
    """This row is refused; the message says why."""


class IntakeWindow:
    """The times that a batch may contain: neither in the future, nor so old that deletion is due."""

    def __init__(self, rules: LogRules, now: datetime) -> None:
        self.now = now.timestamp()
        self._newest = (now + AHEAD).timestamp()
        here = now.astimezone(rules.zone)
        kept = {kind: rules.retention(kind) for kind in (*rules.kinds, TRACE)}
        self._oldest = {
            kind: each.before(here).timestamp() for kind, each in kept.items() if isinstance(each, Duration)
        }

    def check_all(self, moments: Sequence[float], kinds: Sequence[str]) -> None:
        """Raise `BadRow` unless the time of every row is accepted."""
        if max(moments) > self._newest or min(moments) < max(
            self._oldest.get(kind, 0) for kind in set(kinds)
        ):
            for at, kind in zip(moments, kinds, strict=True):
                self.check(at, kind)

    def check(self, at: float, kind: str) -> None:
        """Raise `BadRow` if the time *at* of a row of *kind*, in seconds since 1970, is not accepted."""
        if at < self._oldest.get(kind, 0.0):
            raise BadRow(f"timestamp: older than the document keeps {kind} logs")
        if at > self._newest:
            raise BadRow("timestamp: in the future by this server's clock")


def check_attributes(attributes: Mapping[str, object]) -> None:
    """Raise `BadRow` for too many fields, or a field nested too deeply."""
    if len(attributes) > MOST_FIELDS:
        raise BadRow(f"more than {MOST_FIELDS} fields")
    for name, value in attributes.items():
        if isinstance(value, dict | list):
            _check_depth(value, name)


def _check_depth(value: object, name: str, level: int = 1) -> None:
    if level > DEEPEST:
        raise BadRow(f"{name[:_LONGEST_NAME]}: nested deeper than {DEEPEST} levels")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        if isinstance(each, dict | list):
            _check_depth(each, name, level + 1)
