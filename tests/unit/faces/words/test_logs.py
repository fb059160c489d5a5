"""Log rows as shown in a terminal."""

from datetime import UTC, datetime

import pytest

from toban.engine.telemetry.logs.search import FoundRow, RowPosition
from toban.faces.words.logs import as_csv, as_json, as_text


def row(
    message: str, service: str = "shop", *, status: int = 0, duration_ms: float | None = None
) -> FoundRow:
    at = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
    return FoundRow(
        RowPosition(1, 1, 1), at, "application", "ERROR", service, message,
        "", "req-1", "", "", "", "", "", status, duration_ms, "shop", {},
    )  # fmt: skip


@pytest.mark.parametrize("odd", ["\x1b]0;title\x07", "\x1b[2J", "\r", "\0", "\x9b2J", "\u202e"])
def test_a_log_line_cannot_control_the_terminal(odd: str) -> None:
    shown = as_text(row(f"card{odd}declined", service=f"shop{odd}"))

    assert all(char.isprintable() for char in shown)
    assert "declined requestId=req-1" in shown


def test_a_stack_trace_keeps_its_lines() -> None:
    shown = as_text(row("Traceback:\n\tat shop.Order\n\tat shop.Main"))

    assert [line.strip() for line in shown.split("\n")[1:]] == [
        "at shop.Order",
        "at shop.Main requestId=req-1",
    ]


@pytest.mark.parametrize(
    ("duration", "shown"), [(None, "200 ok"), (0.0, "200 0ms ok"), (12.4, "200 12ms ok")]
)
def test_a_request_without_a_duration_shows_none(duration: float | None, shown: str) -> None:
    assert shown in as_text(row("ok", status=200, duration_ms=duration))


def test_an_output_for_machines_tells_zero_from_unknown() -> None:
    fast, unknown = row("ok", status=200, duration_ms=0.0), row("ok")

    assert '"status": 200, "durationMs": 0.0' in as_json(fast)
    assert "status" not in as_json(unknown)
    assert "durationMs" not in as_json(unknown)
    assert ",200,0.0,shop," in as_csv(fast)
    assert ",,,shop," in as_csv(unknown)
