"""What the addresses of the pages of traces ask for. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from toban.engine.telemetry.spans.search import Sought
from toban.faces.logs.choice import Choice, choice

_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,3})?")
_FAMILY = re.compile(r"([1-5])xx")
_CODE = re.compile(r"[1-5]\d\d")
_HUNDRED = 100


class BadSought(Exception):
    """What is sought can't be read; the message says which part of it."""


@dataclass(frozen=True, slots=True)
class TraceChoice:
    """What the address asks for, as it was written."""

    time: Choice
    service: str = ""
    method: str = ""
    route: str = ""
    status: str = ""
    """`error`, `ok`, `5xx` or `404`."""
    least: str = ""
    """Milliseconds that a span took at least."""

    @property
    def query(self) -> str:
        """The address's query again."""
        return self.turned()

    def turned(self, **changes: str) -> str:
        """Return the query of the same choice with other words, or more of them."""
        asked = {
            "service": self.service,
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "least": self.least,
        }
        return self.time.turned(**{"q": "", **asked, **changes})


def trace_choice(asked: Mapping[str, str]) -> TraceChoice:
    """Read the choice of an address or a form."""
    words = {name: asked.get(name, "").strip() for name in ("service", "route", "status", "least")}
    return TraceChoice(choice(asked), method=asked.get("method", "").strip().upper(), **words)


def sought(chosen: TraceChoice) -> Sought:
    """Return what *chosen* asks of the store, or raise `BadSought`."""
    code, has_failed = _status(chosen.status)
    if chosen.least and not _NUMBER.fullmatch(chosen.least):
        raise BadSought(_("「%(written)s」はミリ秒の数として読めません。") % {"written": chosen.least[:40]})
    return Sought(
        service=chosen.service,
        method=chosen.method,
        endpoint=chosen.route,
        code=code,
        has_failed=has_failed,
        at_least_ms=float(chosen.least) if chosen.least else None,
    )


def _status(written: str) -> tuple[range | None, bool | None]:
    word = written.lower()
    if not word:
        return None, None
    if word in ("error", "ok"):
        return None, word == "error"
    if family := _FAMILY.fullmatch(word):
        low = int(family[1]) * _HUNDRED
        return range(low, low + _HUNDRED), None
    if _CODE.fullmatch(word):
        return range(int(word), int(word) + 1), None
    raise BadSought(
        _("「%(written)s」は状態として読めません。error、ok、5xx、404 のように書いてください。")
        % {"written": written[:40]}
    )
