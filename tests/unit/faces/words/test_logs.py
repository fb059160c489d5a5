"""Log rows as shown in a terminal."""

from datetime import UTC, datetime

import pytest

from toban.engine.telemetry.logs.search import FoundRow, RowPosition
from toban.faces.words.logs import as_text


def row(message: str, service: str = "shop") -> FoundRow:
    at = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
    return FoundRow(
        RowPosition(1, 1, 1), at, "application", "ERROR", service, message,
        "", "req-1", "", "", "", "", "", 0, 0.0, "shop", {},
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
