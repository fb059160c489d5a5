"""Traces in words: durations, the waterfall in a terminal, and JSON."""

import re

import pytest

from toban.chapters.logs.spans.waterfall import waterfall
from toban.engine.telemetry.spans.search import FoundSpan, RouteFigures
from toban.faces.words import traces as trace_words

MS = 1_000_000
START = 1_775_044_800_000_000_000


def spans() -> list[FoundSpan]:
    return [
        FoundSpan(
            START, 400 * MS, "t" * 32, "root", "", "shop", "POST", "SERVER", "", "", "POST", "/cart", 500, "",
        ),
        FoundSpan(
            START + 100 * MS, 200 * MS, "t" * 32, "call", "root", "payments", "charge", "CLIENT", "ERROR",
            "declined\nand more", "", "", 0, "",
        ),
        FoundSpan(
            START + 390 * MS, 0, "t" * 32, "lost", "gone", "mail", "send", "INTERNAL", "", "", "", "", 0, "",
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("nanoseconds", "said"),
    [
        (0, "0 µs"),
        (12_400, "12 µs"),
        (999_400, "999 µs"),
        (999_600, "1.00 ms"),
        (1_250_000, "1.25 ms"),
        (9_996_000, "10.0 ms"),
        (45_300_000, "45.3 ms"),
        (999_000_000, "999 ms"),
        (999_700_000, "1.00 s"),
        (1_200_000_000, "1.20 s"),
        (75_000_000_000, "75.0 s"),
        (7_200_000_000_000, "7,200 s"),
    ],
)
def test_durations_have_three_significant_digits(nanoseconds: int, said: str) -> None:
    assert trace_words.length(nanoseconds) == said


def test_a_waterfall_is_readable_on_a_terminal() -> None:
    heading, *lines = trace_words.as_text(waterfall(spans()))

    assert re.fullmatch(
        r"POST /cart  shop  2026-04-0\d \d\d:\d\d:\d\d  400 ms  スパン 3、サービス 3、エラー 2", heading
    )
    assert lines == [
        "█" * 32 + "    400 ms  POST /cart  [shop]  ■ エラー 500",
        "·" * 8 + "█" * 16 + "·" * 8 + "    200 ms    charge  [payments]  ■ エラー declined",
        "·" * 31 + "█" + "      0 µs  send  [mail]  (親のスパンが届いていません)",
    ]


def test_names_from_applications_cannot_move_the_cursor() -> None:
    named = FoundSpan(
        START, MS, "t" * 32, "root", "", "sh\nop", "a\x1b[2Jb", "INTERNAL", "", "", "", "", 0, ""
    )  # fmt: skip

    heading, line = trace_words.as_text(waterfall([named]))

    assert heading.startswith("a�[2Jb  sh�op  ")
    assert line.endswith("  a�[2Jb  [sh�op]")


def test_json_has_every_span_with_its_position() -> None:
    _, call, _ = map(trace_words.as_record, waterfall(spans()).lines)

    assert call == {
        "traceId": "t" * 32, "spanId": "call", "parentSpanId": "root", "service": "payments",
        "name": "charge", "kind": "CLIENT", "status": "ERROR", "statusMessage": "declined\nand more",
        "start": "2026-04-01T12:00:00.100+00:00", "durationMs": 200.0, "ownMs": 200.0, "depth": 1,
        "failed": True,
    }  # fmt: skip


def test_json_has_every_route_with_its_rate() -> None:
    route = RouteFigures("shop", "GET", "/orders", 120, 3, "s" * 32, "", 10.0, 20.5, 30.0)

    told = trace_words.route_record(route, 3600)

    assert (told["perMinute"], told["p95Ms"], told["route"]) == (2.0, 20.5, "/orders")
    assert trace_words.route_title(route) == "GET /orders"
