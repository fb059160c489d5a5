"""A trace as a waterfall: spans below their callers, ordered by start. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toban.engine.telemetry.spans.search import FoundSpan


@dataclass(frozen=True, slots=True)
class WaterfallLine:
    """One span of a waterfall."""

    span: FoundSpan
    depth: int
    """Its number of ancestors in the trace."""
    lacks_parent: bool
    """Whether the parent that it names is missing."""
    offset: float
    """Where it begins, from 0 (start of the trace) to 1 (its end)."""
    share: float
    """Its share of the trace's duration, 1 for all of it."""
    own_ns: int
    """The part of its time in which none of its children ran."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A trace, ready to be drawn."""

    lines: tuple[WaterfallLine, ...]
    start_ns: int
    duration_ns: int
    services: tuple[str, ...]
    """In the order of their first appearance."""
    failed: int
    """The number of spans that are errors."""

    @property
    def first(self) -> FoundSpan:
        """The span that gives the trace its name."""
        return self.lines[0].span


def waterfall(spans: Sequence[FoundSpan]) -> Waterfall:
    """Lay out *spans* of one trace, at least one. Clock differences are not corrected."""
    start = min(span.start_ns for span in spans)
    length = max(span.end_ns for span in spans) - start
    children, known = _children(spans), {span.span_id for span in spans}
    lines = tuple(
        WaterfallLine(
            span,
            depth,
            bool(span.parent_id) and span.parent_id not in known,
            (span.start_ns - start) / length if length else 0.0,
            span.duration_ns / length if length else 1.0,
            span.duration_ns - _covered(span, children.get(span.span_id, ())),
        )
        for span, depth in _ordered(spans, children, known)
    )
    services = tuple(dict.fromkeys(line.span.service for line in lines))
    return Waterfall(lines, start, length, services, sum(span.has_failed for span in spans))


def _children(spans: Sequence[FoundSpan]) -> Mapping[str, Sequence[FoundSpan]]:
    """Return the spans under each span's id, earliest start first."""
    found: dict[str, list[FoundSpan]] = defaultdict(list)
    for span in sorted(spans, key=_order):
        found[span.parent_id].append(span)
    return found


def _ordered(
    spans: Sequence[FoundSpan], children: Mapping[str, Sequence[FoundSpan]], known: set[str]
) -> Iterator[tuple[FoundSpan, int]]:
    """Yield every span once, with its depth; without recursion, since a trace may be very deep."""
    drawn: set[int] = set()
    tops = [span for span in sorted(spans, key=_order) if span.parent_id not in known]
    # Spans that are each other's ancestors have no top; they follow, starting from the earliest.
    for top in (*tops, *sorted(spans, key=_order)):
        waiting = [(top, 0)]
        while waiting:
            span, depth = waiting.pop()
            if id(span) in drawn:
                continue
            drawn.add(id(span))
            yield span, depth
            waiting += [(child, depth + 1) for child in reversed(children.get(span.span_id, ()))]


def _order(span: FoundSpan) -> tuple[int, int, str]:
    return span.start_ns, -span.duration_ns, span.span_id


def _covered(span: FoundSpan, children: Sequence[FoundSpan]) -> int:
    """Return how much of *span*'s time at least one of its *children*, in order, was running."""
    covered, until = 0, span.start_ns
    for child in children:
        begin, end = max(child.start_ns, until), min(child.end_ns, span.end_ns)
        if end > begin:
            covered, until = covered + end - begin, end
    return covered
