"""Signatures by which a receiver knows that a notification is genuine, unchanged and new.

The scheme is that of Standard Webhooks (https://www.standardwebhooks.com), which has libraries for receivers
in most languages. The signature is HMAC-SHA256 over `ID.TIMESTAMP.BODY`. The id is the notification's
idempotency key, the same for every attempt; the timestamp is the time of the attempt. A receiver refuses a
timestamp more than five minutes from its own clock, and drops an id it has seen: this prevents replays.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from toban.message import Message

_PREFIX = "whsec_"
_SHORTEST_KEY = 24


class UnfitKey(Exception):
    """The secret can't be a key; the message doesn't contain it."""


def key_of(secret: str) -> bytes:
    """Return the key in *secret*: the base64 after `whsec_`, or else the text itself in UTF-8."""
    key = _decoded(secret.removeprefix(_PREFIX)) if secret.startswith(_PREFIX) else secret.encode()
    if len(key) < _SHORTEST_KEY:
        raise UnfitKey(Message("notify.signing-key-too-short", bytes=_SHORTEST_KEY))
    return key


def headers(message_id: str, at: int, key: bytes, body: bytes) -> Mapping[str, str]:
    """Return the headers for *body*; *at* is in seconds since the epoch."""
    digest = hmac.digest(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise UnfitKey(Message("notify.signing-key-not-base64", prefix=_PREFIX)) from None
