"""What OTLP/HTTP requires of endpoints: two encodings, ids in hexadecimal, refusals as a google.rpc.Status.

See https://opentelemetry.io/docs/specs/otlp/#otlphttp.
"""

import base64
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

import orjson
from google.protobuf.json_format import MessageToJson, ParseDict, ParseError
from google.protobuf.message import DecodeError, Message
from google.rpc.code_pb2 import (
    INVALID_ARGUMENT,
    RESOURCE_EXHAUSTED,
    UNAUTHENTICATED,
    UNAVAILABLE,
)
from google.rpc.status_pb2 import Status
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from toban.faces.ingest.unpacking import JSON_MARKS, PROTOBUF_MARKS, refuse_too_many

_CODES = {401: UNAUTHENTICATED, 429: RESOURCE_EXHAUSTED, 503: UNAVAILABLE}
_REFUSED = 400
_IDS = ("traceId", "spanId", "parentSpanId")
_MOST_TOLD = 5
"""How many reasons a partial success lists; most clients log them in one line."""


class BadExport(Exception):
    """The request does not follow the protocol; a retry can't help."""


class Encoding(Enum):
    """The encoding of a request, and so of its answer."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


def encoding_of(request: Request) -> Encoding | None:
    """Return the encoding of *request*; None if the protocol doesn't know it. Protobuf is the default."""
    written = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Encoding(written or Encoding.PROTOBUF) if written in _WRITTEN else None


_WRITTEN = frozenset(("", *(each.value for each in Encoding)))


def read[Export: Message](empty: Export, body: bytes, encoding: Encoding) -> Export:
    """Fill *empty* from *body*. Unknown fields are ignored.

    Raises `BadExport`, and `TooLarge` for more values than a parser may read in one step.
    """
    name = type(empty).__name__
    refuse_too_many(body, PROTOBUF_MARKS if encoding is Encoding.PROTOBUF else JSON_MARKS)
    try:
        if encoding is Encoding.PROTOBUF:
            empty.ParseFromString(body)
            return empty
        written = orjson.loads(body)
        if not isinstance(written, dict):
            raise BadExport(f"the body is no {name}: no JSON object")
        return ParseDict(_with_bytes(written), empty, ignore_unknown_fields=True)
    except (DecodeError, ParseError, orjson.JSONDecodeError) as error:
        raise BadExport(f"the body is no {name}: {str(error)[:300]}") from error
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        # The library fails in one of these ways if a value has another shape than the message.
        raise BadExport(f"the body is no {name}") from error


def answer(message: Message, encoding: Encoding, status: int = 200) -> Response:
    """Return *message* in the encoding of the request."""
    if encoding is Encoding.JSON:
        return Response(MessageToJson(message, indent=None), status, media_type=encoding.value)
    return Response(message.SerializeToString(), status, media_type=encoding.value)


def unknown_encoding() -> Response:
    """Return the answer to an encoding that the protocol doesn't know."""
    known = " and ".join(each.value for each in Encoding)
    return as_status(PlainTextResponse(f"{known} are understood", 415), Encoding.JSON)


def as_status(response: Response, encoding: Encoding) -> Response:
    """Return a plain-text refusal as the protocol requires it; any other answer stays as it is."""
    if response.status_code < _REFUSED:
        return response
    code = _CODES.get(response.status_code, INVALID_ARGUMENT)
    said = Status(code=code, message=bytes(response.body).decode().strip())
    told = answer(said, encoding, response.status_code)
    for name in ("retry-after", "www-authenticate"):
        if name in response.headers:
            told.headers[name] = response.headers[name]
    return told


def reasons(refused: Iterable[tuple[int, str]], what: str) -> str:
    """Return the message of a partial success: `span 3: …; span 7: …; and 12 more`."""
    said = [f"{what} {number}: {reason}" for number, reason in refused]
    more = len(said) - _MOST_TOLD
    return "; ".join([*said[:_MOST_TOLD], *([f"and {more} more"] if more > 0 else [])])


def attributes_of(written: Iterable[Any]) -> dict[str, object]:
    """Return a list of `KeyValue` as plain values."""
    return {each.key: value_of(each.value) for each in written}


def value_of(value: Any) -> object:
    """Return an `AnyValue` as a JSON value: bytes as base64, NaN and the infinities as text."""
    match value.WhichOneof("value"):
        case "string_value" | "bool_value" | "int_value" as kind:
            return getattr(value, kind)
        case "double_value":
            number = value.double_value
            # NaN and the infinities.
            return number if number - number == 0 else str(number)
        case "array_value":
            return [value_of(each) for each in value.array_value.values]
        case "kvlist_value":
            return attributes_of(value.kvlist_value.values)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case _:
            return None


def id_of(written: bytes, length: int) -> str:
    """Return an id of *length* bytes in hexadecimal; empty for one that the protocol calls invalid."""
    return written.hex() if len(written) == length and any(written) else ""


def resource_of(group: Any) -> tuple[str, Mapping[str, object]]:
    """Return the service of a `ResourceLogs` or `ResourceSpans`, and the other attributes of its resource."""
    resource = attributes_of(group.resource.attributes)
    service = resource.pop("service.name", "")
    return service if isinstance(service, str) else "", resource


def scope_of(scope: Any) -> Mapping[str, object]:
    """Return a scope's name, version and attributes."""
    named = {"name": scope.name, "version": scope.version}
    return {**{name: value for name, value in named.items() if value}, **attributes_of(scope.attributes)}


def _with_bytes(tree: dict[str, Any]) -> dict[str, Any]:
    """Turn ids from hexadecimal, as OTLP writes them, to base64, as protobuf's JSON does; in place."""
    waiting: list[Any] = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            for name in _IDS:
                if isinstance(written := each.get(name), str):
                    each[name] = _base64(written)
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return tree


def _base64(hexadecimal: str) -> str:
    try:
        return base64.b64encode(bytes.fromhex(hexadecimal)).decode()
    except ValueError:
        # One bad id refuses only its own span.
        return ""
