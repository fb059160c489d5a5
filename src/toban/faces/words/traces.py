"""Traces as text and as JSON: the same words on the page and on the terminal."""

from collections.abc import Iterator, Mapping

from toban.chapters.logs.spans.waterfall import Waterfall, WaterfallLine
from toban.engine.telemetry.requests import LoggedRoute
from toban.engine.telemetry.spans.search import FoundSpan, RouteFigures
from toban.message import Message
from toban.text import printable

FAILED = "■"
"""The mark of a failure, the same as for verdicts; a word comes with it."""

_BAR = 32
_DEEPEST = 20
"""The most steps by which a name is indented: more would leave no room for it."""

_MICROSECOND, _MILLISECOND, _SECOND = 1_000, 1_000_000, 1_000_000_000
_WHOLE = 100
_ROUNDED_UP = 0.9995
"""From this share of a unit on, three figures of the smaller unit would show a thousand of it."""


def length(nanoseconds: float) -> str:
    """Return how long something took, to three figures: 12 µs, 3.25 ms, 1.20 s, 75.0 s."""
    for unit, word in ((_SECOND, "s"), (_MILLISECOND, "ms")):
        if nanoseconds >= unit * _ROUNDED_UP:
            return f"{_figures(nanoseconds / unit)} {word}"
    return f"{nanoseconds / _MICROSECOND:.0f} µs"


def step(depth: int) -> int:
    """Return by how many steps a name at *depth* is indented."""
    return min(depth, _DEEPEST)


def as_text(drawn: Waterfall) -> Iterator[str]:
    """Yield a waterfall line by line: when, how long, what, and of which service."""
    begin = drawn.first.at.astimezone()
    counts = Message(
        "logs.trace-counts", spans=len(drawn.lines), services=len(drawn.services), errors=drawn.failed
    )
    heading = (drawn.first.title, drawn.first.service, f"{begin:%Y-%m-%d %H:%M:%S}")
    yield printable("  ".join((*heading, length(drawn.duration_ns), str(counts))))
    for line in drawn.lines:
        marks = " ".join(_marks(line.span, lacks_parent=line.lacks_parent))
        name = f"{'  ' * step(line.depth)}{line.span.title}  [{line.span.service}]  {marks}".rstrip()
        yield f"{_bar(line)} {length(line.span.duration_ns):>9}  {printable(name)}"


def as_record(line: WaterfallLine) -> Mapping[str, object]:
    """Return one span for scripts; empty fields are left out."""
    span = line.span
    known = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id,
        "service": span.service,
        "name": span.name,
        "kind": span.kind,
        "method": span.method,
        "route": span.route,
        "status": span.status,
        "statusMessage": span.status_message,
        "code": span.code,
        "requestId": span.request_id,
    }
    return {
        **{name: value for name, value in known.items() if value},
        "start": span.at.isoformat(timespec="milliseconds"),
        "durationMs": span.duration_ns / _MILLISECOND,
        "ownMs": line.own_ns / _MILLISECOND,
        "depth": line.depth,
        "failed": span.has_failed,
    }


def route_record(route: RouteFigures | LoggedRoute, seconds: float) -> Mapping[str, object]:
    """Return one route for scripts; its figures cover *seconds*."""
    lengths = {"p50Ms": route.p50_ms, "p95Ms": route.p95_ms, "p99Ms": route.p99_ms}
    figures = {
        "service": route.service,
        "method": route.method,
        "route": route.endpoint,
        "count": route.count,
        "perMinute": round(route.count / seconds * 60, 3),
        "failed": route.failed,
        **{name: None if ms is None else round(ms, 3) for name, ms in lengths.items()},
    }
    if isinstance(route, LoggedRoute):
        return figures
    return {**figures, "slowest": route.slowest, "lastFailed": route.last_failed}


def route_cells(route: RouteFigures | LoggedRoute, seconds: float) -> tuple[str, ...]:
    """Return one route for a table: service, title, count, per minute, errors, and the three percentiles."""
    failed = f"{FAILED} {route.failed / route.count:.1%}" if route.failed else "0%"
    lengths = (
        "—" if ms is None else length(ms * _MILLISECOND) for ms in (route.p50_ms, route.p95_ms, route.p99_ms)
    )
    per_minute = f"{route.count / seconds * 60:,.2f}"
    return (
        printable(route.service),
        route_title(route),
        f"{route.count:,}",
        per_minute,
        failed,
        *lengths,
    )


def route_title(route: RouteFigures | LoggedRoute) -> str:
    """Return what a route is called: `GET /orders/{id}`."""
    title = f"{route.method} {route.endpoint}" if route.endpoint.startswith("/") else route.endpoint
    return printable(title.strip())


def _marks(span: FoundSpan, *, lacks_parent: bool) -> Iterator[str]:
    if span.has_failed:
        yield f"{FAILED} {Message('logs.span-failed')}"
    if span.code:
        yield str(span.code)
    if span.status_message:
        yield span.status_message.partition("\n")[0]
    if lacks_parent:
        yield str(Message("logs.parent-span-missing"))


def _bar(line: WaterfallLine) -> str:
    begin = min(int(line.offset * _BAR), _BAR - 1)
    wide = max(min(round(line.share * _BAR), _BAR - begin), 1)
    return "·" * begin + "█" * wide + "·" * (_BAR - begin - wide)


def _figures(number: float) -> str:
    for places, below in ((2, 10), (1, _WHOLE)):
        if round(number, places) < below:
            return f"{number:.{places}f}"
    return f"{number:,.0f}"
