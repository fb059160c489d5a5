"""Numbers of notifications that each stage passed, held back, sent or lost; served at `/metrics`."""

from prometheus_client import Counter

STAGE_TOTAL = Counter(
    "toban_notice_stage_total",
    "Notices by pipeline stage and what the stage decided.",
    ("stage", "outcome"),
)
