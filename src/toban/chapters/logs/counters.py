"""How many lines came in and what became of them; served at `/metrics`."""

from prometheus_client import Counter

LINES_TOTAL = Counter(
    "toban_log_lines_total",
    "Log lines by sender and outcome: stored, dropped by the document's levels, refused.",
    ("sender", "outcome"),
)
