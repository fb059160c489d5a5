"""Which application sends: found by the public key of its DSN, in a header, the address or the envelope."""

import re
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import structlog

from toban.chapters.errors.bindings import ERRORS
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.editions.edition import Edition
from toban.message import message_of

log = structlog.get_logger(__name__)

_PAIR = re.compile(r"(\w+)\s*=\s*([^,\s]*)")
_SCHEME = "sentry"


def shown_key(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    """Return the key in `X-Sentry-Auth: Sentry sentry_key=…` or `?sentry_key=…`; empty if there is none."""
    for name in ("x-sentry-auth", "authorization"):
        scheme, _, rest = headers.get(name, "").partition(" ")
        if scheme.lower() == _SCHEME:
            pairs: dict[str, str] = dict(_PAIR.findall(rest))
            return pairs.get("sentry_key", "")
    return query.get("sentry_key", "")


def key_in(dsn: str, project: int) -> str:
    """Return the key in a DSN (`https://KEY@HOST/PROJECT`); empty if it is not a DSN of this project."""
    try:
        parts = urlsplit(dsn)
        key = parts.username or ""
    except ValueError:
        return ""
    return key if parts.path.rpartition("/")[2] == str(project) else ""


class Projects:
    """The applications of the edition in force."""

    def __init__(self, edition: Callable[[], Edition | None]) -> None:
        self._edition = edition

    def name_of(self, project: int, shown: str) -> str | None:
        """Return the application whose DSN has this project and key; None if there is none. Reads files."""
        edition = self._edition()
        found = None
        for name, binding in ERRORS.of(edition.bindings).items() if edition is not None and shown else ():
            try:
                key = binding.key.reveal()
            except SecretUnavailable as missing:
                log.warning("error_key_unavailable", project=name, reason=message_of(missing).as_json())
                continue
            # All keys are compared, even after a match: the time taken reveals nothing.
            is_same = secrets.compare_digest(shown.encode("utf-8", "replace"), key.encode())
            if is_same and binding.project == project:
                found = name
        return found
