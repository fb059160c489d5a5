"""Counts of syslog messages that were not taken; served at `/metrics`."""

from prometheus_client import Counter

DROPPED_TOTAL = Counter(
    "toban_syslog_dropped_total",
    "Syslog messages and connections not taken, by why: full, stranger, framing, connections, refused.",
    ("reason",),
)
