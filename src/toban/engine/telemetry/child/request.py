"""An HTTP request as a value: ClickHouse's HTTP interface, as far as clickhouse-connect uses it.

See https://clickhouse.com/docs/interfaces/http for the protocol.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from urllib.parse import parse_qsl

from toban.engine.telemetry.child.refusal import (
    AUTHENTICATION_FAILED,
    BAD_REQUEST,
    NOT_SUPPORTED,
    RequestRefusal,
)

_PARAMETER = "param_"
# Fields for the HTTP server, not for the engine. Sessions and query ids don't exist here: a request may run
# on any thread's connection.
_TRANSPORT = frozenset(
    (
        "buffer_size", "client_protocol_version", "compress", "database", "decompress", "default_format",
        "enable_http_compression", "http_headers_progress_interval_ms", "query", "query_id", "quota_key",
        "role", "send_progress_in_http_headers", "session_check", "session_id", "session_timeout",
        "wait_end_of_query",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One statement to run, with everything that was sent with it."""

    text: bytes
    """The statement; an INSERT's rows may follow it."""
    rows: bytes
    """Rows that were sent separately from the statement."""
    parameters: Mapping[str, str]
    settings: Mapping[str, str]
    default_format: str


def authenticate(headers: Mapping[str, str], secret: str) -> None:
    """Raise `RequestRefusal` unless the request contains *secret*; timing reveals nothing about it."""
    if not hmac.compare_digest(_presented(headers).encode(), secret.encode()):
        raise RequestRefusal(
            AUTHENTICATION_FAILED, "Authentication failed: the telemetry store needs its secret"
        )


def parse(query_string: bytes, headers: Mapping[str, str], body: bytes) -> Request:
    """Parse a request, or raise `RequestRefusal`. *headers* have lower-case names."""
    if headers.get("content-encoding", "identity") not in ("", "identity"):
        raise RequestRefusal(
            NOT_SUPPORTED, "compressed bodies are not supported: on loopback they only cost time"
        )
    fields = dict(parse_qsl(query_string.decode(), keep_blank_values=True))
    content_type = headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        fields |= _form(content_type, body)
        body = b""
    statement = fields.get("query", "").encode()
    if not statement and not body:
        raise RequestRefusal(BAD_REQUEST, "the request holds no statement")
    return Request(
        text=statement or body,
        rows=body if statement else b"",
        parameters={k.removeprefix(_PARAMETER): v for k, v in fields.items() if k.startswith(_PARAMETER)},
        settings={k: v for k, v in fields.items() if _is_setting(k) and v},
        default_format=fields.get("default_format", "TabSeparated"),
    )


def _presented(headers: Mapping[str, str]) -> str:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return headers.get("x-clickhouse-key", "")
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _is_setting(name: str) -> bool:
    return name not in _TRANSPORT and not name.startswith(_PARAMETER)


def _form(content_type: str, body: bytes) -> dict[str, str]:
    """Return the fields of a form; clients use one if the bound values are too long for a URL."""
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    if not message.is_multipart():
        raise RequestRefusal(BAD_REQUEST, "the form cannot be read")
    fields: dict[str, str] = {}
    for part in message.walk():
        if part.is_multipart():
            continue
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise RequestRefusal(BAD_REQUEST, "the form cannot be read")
        if name != "query" and not name.startswith(_PARAMETER):
            raise RequestRefusal(NOT_SUPPORTED, "external data is not supported")
        fields[name] = content.decode()
    return fields
