"""What the addresses of the trace pages ask for. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toban.engine.search_parts import BadSearch, Match, SearchField, SearchPart, SearchTerm
from toban.engine.telemetry.spans.search import SpanTerm
from toban.faces.logs.choice import LogChoice, choice
from toban.message import Message

_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,3})?")
_STATUS = re.compile(r"error|ok|[1-5](?:xx|\d\d)")


@dataclass(frozen=True, slots=True)
class TraceChoice:
    """What the address asks for, as it was written."""

    time: LogChoice
    service: str = ""
    method: str = ""
    route: str = ""
    status: str = ""
    """`error`, `ok`, `5xx` or `404`."""
    least: str = ""
    """The least milliseconds that a span took."""

    @property
    def query(self) -> str:
        """The choice as the query of an address."""
        return self.turned()

    def turned(self, **changes: str) -> str:
        """Return the query of the same choice with *changes*."""
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


def span_terms(chosen: TraceChoice) -> tuple[SpanTerm, ...]:
    """Return what *chosen* asks of the store, or raise `BadSearch`."""
    asked = (
        (chosen.service, SearchField("service")),
        (chosen.method, SearchField("method")),
        (chosen.route, SearchField("endpoint")),
    )
    terms = [SearchPart.plain(value).term(field) for value, field in asked if value]
    return (*terms, *_status(chosen.status), *_least(chosen.least))


def _least(written: str) -> Iterator[SpanTerm]:
    if not written:
        return
    if not _NUMBER.fullmatch(written):
        raise BadSearch(Message("logs.not-milliseconds", written=written[:40]))
    yield SearchTerm("duration_ms", Match.AT_LEAST, written)


def _status(written: str) -> Iterator[SpanTerm]:
    if not written:
        return
    if not _STATUS.fullmatch(written.lower()):
        raise BadSearch(Message("logs.not-a-status", written=written[:40]))
    yield SearchTerm("status", Match.WHOLE, written.lower())
