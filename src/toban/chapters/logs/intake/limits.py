"""Limits for incoming rows: how old, how large, how deep. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import orjson

from toban.chapters.logs.rules import LogRules
from toban.design.values.duration import Duration
from toban.engine.telemetry.logs.words import TRACE

if TYPE_CHECKING:
    # The agent reads these limits, and loads no arrays.
    import numpy as np
    from numpy.typing import NDArray

LONGEST_LINE = 256 * 1024
"""Bytes."""

DEEPEST = 8
"""Levels of objects and arrays in a field."""

MOST_FIELDS = 200
"""Attributes of a row."""

AHEAD = timedelta(minutes=10)
"""How far a sender's clock may be ahead."""

_LONGEST_NAME = 200
_MORE = "more_fields"
"""As `toban agent --journal` calls what is beyond its own limit."""


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

    def check_all(self, moments: "NDArray[np.float64]", kinds: Sequence[str]) -> None:
        """Raise `BadRow` unless the time of every row is accepted."""
        if moments.max() > self._newest or moments.min() < max(
            self._oldest.get(kind, 0) for kind in set(kinds)
        ):
            for at, kind in zip(moments.tolist(), kinds, strict=True):
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
        if _is_too_deep(value):
            raise BadRow(f"{name[:_LONGEST_NAME]}: nested deeper than {DEEPEST} levels")


def bounded(attributes: Mapping[str, object]) -> Mapping[str, object]:
    """Return *attributes* within the limits.

    A field nested too deeply becomes its JSON text. The fields beyond `MOST_FIELDS` become one list of
    `NAME=JSON`.
    """
    found = {name: json_text(value) if _is_too_deep(value) else value for name, value in attributes.items()}
    if len(found) <= MOST_FIELDS:
        return found
    names = list(found)
    kept, rest = names[: MOST_FIELDS - 1], names[MOST_FIELDS - 1 :]
    return {
        **{name: found[name] for name in kept},
        _MORE: [f"{name}={json_text(found[name])}" for name in rest],
    }


def json_text(value: object) -> str:
    """Return *value* as JSON; raises `BadRow` if it is nested too deeply even for that."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as flaw:
        raise BadRow("nested deeper than JSON can be written") from flaw


def _is_too_deep(value: object, level: int = 1) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if level > DEEPEST:
        return isinstance(value, dict | list)
    return any(_is_too_deep(each, level + 1) for each in inner if isinstance(each, dict | list))
