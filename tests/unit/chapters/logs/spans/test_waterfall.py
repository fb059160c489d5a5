"""A trace as a waterfall: order, depth, positions in time, and malformed traces."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from toban.chapters.logs.spans.waterfall import waterfall
from toban.engine.telemetry.spans.search import FoundSpan

MS = 1_000_000
START = 1_775_044_800_000_000_000


def span(name: str, parent: str = "", start: int = 0, length: int = 10, **more: Any) -> FoundSpan:
    """Return a span whose id is its name; start (counted from the trace) and length are in milliseconds."""
    plain = FoundSpan(
        START + start * MS, length * MS, "t", name, parent, "shop", name, "INTERNAL", "", "", "", "", 0, ""
    )
    return replaced(plain, **more)


def replaced(found: FoundSpan, **more: Any) -> FoundSpan:
    return FoundSpan(**{**{name: getattr(found, name) for name in FoundSpan.__slots__}, **more})


def order(*spans: FoundSpan) -> list[tuple[str, int]]:
    return [(line.span.span_id, line.depth) for line in waterfall(spans).lines]


def test_spans_are_below_their_parents_in_the_order_they_started() -> None:
    found = order(
        span("second", "root", 50),
        span("root", length=100),
        span("under first", "first", 20),
        span("first", "root", 10, 30),
    )

    assert found == [("root", 0), ("first", 1), ("under first", 2), ("second", 1)]


def test_positions_are_fractions_of_the_whole_trace() -> None:
    lines = waterfall([span("root", length=100), span("child", "root", 25, 50)]).lines

    assert [(line.offset, line.share) for line in lines] == [(0.0, 1.0), (0.25, 0.5)]


def test_own_time_is_the_time_not_covered_by_children() -> None:
    lines = waterfall(
        [
            span("root", length=100),
            span("a", "root", 10, 30),
            span("overlaps", "root", 20, 30),
            span("ends later", "root", 90, 30),
        ]
    ).lines

    assert [line.own_ns // MS for line in lines] == [50, 30, 30, 30]


def test_a_span_with_a_missing_parent_becomes_a_root_and_says_so() -> None:
    lines = waterfall([span("root"), span("lost", "gone", 5)]).lines

    assert [(line.span.span_id, line.depth, line.lacks_parent) for line in lines] == [
        ("root", 0, False),
        ("lost", 0, True),
    ]


def test_spans_in_a_parent_cycle_are_all_drawn() -> None:
    assert order(span("a", "b"), span("b", "a", 1), span("self", "self", 2)) == [
        ("a", 0),
        ("b", 1),
        ("self", 0),
    ]


def test_a_span_without_duration_is_drawn() -> None:
    (line,) = waterfall([span("instant", length=0)]).lines

    assert (line.offset, line.share) == (0.0, 1.0)


def test_services_are_listed_in_order_and_errors_counted() -> None:
    found = waterfall(
        [
            span("root", service="web", code=503),
            span("a", "root", 1, service="shop", status="ERROR"),
            span("b", "root", 2, service="web"),
        ]
    )

    assert (found.services, found.failed, found.first.span_id) == (("web", "shop"), 2, "root")


def test_a_trace_of_thousands_in_one_chain_is_drawn() -> None:
    deep = [span(str(number), str(number - 1), number) for number in range(5000)]

    assert order(*deep)[-1] == ("4999", 4999)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 9), st.integers(0, 9))))
def test_every_span_is_drawn_once_whatever_the_parents(made: list[tuple[int, int, int, int]]) -> None:
    spans = [
        replaced(span(str(one), str(parent), start, length), name=str(number))
        for number, (one, parent, start, length) in enumerate(made)
    ]
    if not spans:
        return

    lines = waterfall(spans).lines

    assert sorted(int(line.span.name) for line in lines) == list(range(len(spans)))
    assert all(0 <= line.offset <= 1 and 0 <= line.share <= 1 for line in lines)
    assert all(0 <= line.own_ns <= line.span.duration_ns for line in lines)
