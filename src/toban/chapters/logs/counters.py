"""How many lines and spans arrived, and their outcomes; served at `/metrics`."""

from prometheus_client import Counter

from toban.chapters.logs.intake.lines import LineReading

LINES_TOTAL = Counter(
    "toban_log_lines_total",
    "Log lines by sender and outcome: stored, dropped by the document's levels, refused.",
    ("sender", "outcome"),
)

SPANS_TOTAL = Counter(
    "toban_spans_total", "Spans of traces by sender and outcome: stored, refused.", ("sender", "outcome")
)


def count(sender: str, reading: LineReading) -> None:
    """Count the outcomes of a batch's lines."""
    for outcome, many in (
        ("stored", len(reading.rows)),
        ("dropped", reading.dropped.total()),
        ("refused", len(reading.refused)),
    ):
        if many:
            LINES_TOTAL.labels(sender, outcome).inc(many)
