"""An event as an SDK sent it: read, bounded and masked before anything looks at it. Pure.

For the payload see https://develop.sentry.dev/sdk/data-model/event-payloads/. SDKs write several parts of it
in two ways, as an object or as pairs. Here they become objects, so that masks find them by name.
"""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import islice

import orjson

from toban.engine.masks import HIDDEN, Masker
from toban.text import storable_text

LARGEST = 1024 * 1024
"""The largest event, in bytes."""

_DEEPEST = 12
_LONGEST_TEXT = 8192
_LONGEST_NAME = 200
_MOST = 250
"""Members of an object or a list; a list keeps its first and last ones."""
_CUT = "…"
_HEX = frozenset("0123456789abcdef")
_ID_LENGTH = 32
_PAIRED = {"request": ("headers", "cookies", "query_string", "env"), "": ("tags",)}
"""Parts that may be written as pairs instead of an object, by their parent; "" is the payload itself."""


class BadEvent(Exception):
    """The body is not an event; the message says why, without repeating the body."""


def read_payload(body: bytes, masker: Masker) -> dict[str, object]:
    """Return the event of *body*, bounded and masked, or raise `BadEvent`."""
    if len(body) > LARGEST:
        raise BadEvent(f"more than {LARGEST} bytes of an event")
    payload = bounded(read_json(body))
    if not isinstance(payload, dict):
        raise BadEvent("an event is a JSON object")
    # An id may happen to contain a card number: masked, it would be a different event each time.
    return {**masker.record(_named(payload)), "event_id": event_id_of(payload.get("event_id"))}


def event_id_of(written: object) -> str:
    """Return an event's id without its dashes; empty if it is not an id."""
    plain = str(written).replace("-", "").lower() if isinstance(written, str) else ""
    return plain if len(plain) == _ID_LENGTH and _HEX.issuperset(plain) else ""


def read_json(body: bytes) -> object:
    """Read JSON, or raise `BadEvent`. Deviations that SDKs write are accepted: NaN, half a surrogate pair."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as flaw:
        raise BadEvent("no JSON") from flaw


def bounded(value: object, depth: int = 0) -> object:
    """Return *value* within the limits of depth, length and width, in a form any database can store."""
    if isinstance(value, str):
        return _text(value, _LONGEST_TEXT)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63:
        return str(value)[:_LONGEST_NAME]
    if not isinstance(value, Mapping | list):
        return value
    if depth >= _DEEPEST:
        return _CUT
    if isinstance(value, Mapping):
        members = islice(value.items(), _MOST)
        return {_text(str(name), _LONGEST_NAME): bounded(each, depth + 1) for name, each in members}
    return [bounded(each, depth + 1) for each in _ends(value)]


def _ends(members: Sequence[object]) -> Sequence[object]:
    if len(members) <= _MOST:
        return members
    return [*members[: _MOST // 2], *members[-_MOST // 2 :]]


def _text(written: str, longest: int) -> str:
    text = storable_text(written)
    return text if len(text) <= longest else f"{text[: longest - 1]}{_CUT}"


def _named(payload: dict[str, object]) -> dict[str, object]:
    """Return the payload with objects in place of pairs, and without the cookies' values."""
    for part, names in _PAIRED.items():
        holder = payload.get(part) if part else payload
        if isinstance(holder, dict):
            holder |= {name: by_name(holder[name]) for name in names if isinstance(holder.get(name), list)}
    request = payload.get("request")
    # Whatever their names, cookies can be used to take over a session.
    if isinstance(request, dict) and request.get("cookies"):
        request["cookies"] = HIDDEN
    return payload


def by_name(pairs: object) -> dict[str, object]:
    """Return *pairs* (`[["a", 1]]`, or `[{"key": "a", "value": 1}]`) as an object; drop anything else."""
    found: dict[str, object] = {}
    for pair in pairs if isinstance(pairs, list) else ():
        match pair:
            case [name, value]:
                found[str(name)] = value
            case {"key": name, "value": value}:
                found[str(name)] = value
            case _:
                pass
    return found
