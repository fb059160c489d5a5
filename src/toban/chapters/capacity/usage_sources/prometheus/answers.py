"""What Prometheus answers, as values. Pure.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from toban.chapters.capacity.usage import UsageAt
from toban.message import Message

_OK = 200
_UNAUTHORIZED = frozenset((401, 403))
_NOT_FOUND = 404
_LONGEST_SAID = 300


class Unreadable(Exception):
    """It is no answer to the question; the message says why, `hint` the way out."""

    def __init__(self, said: Message, hint: Message) -> None:
        super().__init__(said)
        self.hint = hint


def read(status: int, body: bytes) -> Any:
    """Return the `data` of an answer, or raise `Unreadable`."""
    try:
        answer = orjson.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and answer.get("status") == "success" and status == _OK:
        return answer.get("data")
    if isinstance(answer, dict) and answer.get("status") == "error":
        words = f"{answer.get('errorType', '')}: {answer.get('error', '')}"[:_LONGEST_SAID]
        said = Message("capacity-usage.prometheus-refused", words=words)
        raise Unreadable(said, Message("capacity-usage.check-the-query"))
    said = Message("capacity-usage.prometheus-status", status=status)
    if status in _UNAUTHORIZED:
        raise Unreadable(said, Message("capacity-usage.check-the-credentials"))
    if status == _OK:
        said = Message("capacity-usage.not-prometheus")
    raise Unreadable(said, Message("capacity-usage.check-the-url"))


def value_of(data: Any) -> float:
    """Return the one value of an instant query, which may be infinite; raise `Unreadable`."""
    match data:
        case {"resultType": "scalar", "result": [_, str(written)]}:
            return _number(written)
        case {"resultType": "vector", "result": list(series)}:
            (only,) = _single(series)
            match only:
                case {"value": [_, str(written)]}:
                    return _number(written)
    raise Unreadable(Message("capacity-usage.not-a-number"), Message("capacity-usage.check-the-query"))


def values_of(data: Any) -> Sequence[UsageAt]:
    """Return the values of a range query, without those that are no numbers; raise `Unreadable`."""
    match data:
        case {"resultType": "matrix", "result": []}:
            return ()
        case {"resultType": "matrix", "result": list(series)}:
            (only,) = _single(series)
            match only:
                case {"values": list(pairs)}:
                    found = [(float(at), float(written)) for at, written in pairs]
                    return [
                        UsageAt(datetime.fromtimestamp(at, UTC), value)
                        for at, value in found
                        if math.isfinite(value)
                    ]
    raise Unreadable(Message("capacity-usage.not-a-number"), Message("capacity-usage.check-the-query"))


def _single(series: Sequence[Any]) -> Sequence[Any]:
    if not series:
        raise Unreadable(Message("capacity-usage.no-series"), Message("capacity-usage.check-the-query"))
    if len(series) > 1:
        said = Message("capacity-usage.many-series", count=len(series))
        raise Unreadable(said, Message("capacity-usage.make-one-of-them"))
    return series


def _number(written: str) -> float:
    found = float(written)
    if math.isnan(found):
        raise Unreadable(Message("capacity-usage.not-a-number"), Message("capacity-usage.check-the-query"))
    return found
