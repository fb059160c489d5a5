"""Slack's signature of its requests (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""

import hashlib
import hmac
import re

_OLDEST = 300
"""Seconds: an older request may be a replay."""
_SECONDS = re.compile(r"[0-9]{1,12}")


def is_signed(body: bytes, timestamp: str, signature: str, secret: str, now: float) -> bool:
    """Return whether Slack signed *body* at *timestamp* (seconds since 1970), recently; in constant time."""
    if not _SECONDS.fullmatch(timestamp) or abs(now - int(timestamp)) > _OLDEST:
        return False
    basis = b"v0:" + timestamp.encode() + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), basis, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())
