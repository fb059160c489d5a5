"""What arrived by Sentry's protocol and its outcome; served at `/metrics`."""

from prometheus_client import Counter

ITEMS_TOTAL = Counter(
    "toban_error_items_total",
    "Items of envelopes by application, type and outcome: stored, repeated, refused, limited, ignored.",
    ("project", "item", "outcome"),
)
