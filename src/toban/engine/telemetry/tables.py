"""The tables of samples, of the output of runs, of logs and of spans: one SQL for chDB and ClickHouse."""

from collections.abc import Mapping
from datetime import timedelta

DURABLE: Mapping[str, int] = {
    "fsync_after_insert": 1,
    "fsync_part_directory": 1,
    "min_rows_to_fsync_after_merge": 1,
    "min_compressed_bytes_to_fsync_after_merge": 1,
    # The sources of a merge stay until the merged part has certainly reached the disk.
    "old_parts_lifetime": 480,
}
"""What a table needs to survive a power cut: with the engine's defaults, a store did not open after one."""

BY_MERGES = ("words",)
"""Indexes that Toban's own store builds only when it merges rows: for new rows they would cost a fifth of an
insert, and new rows are few enough to be read without them."""

AS_SENT: Mapping[str, int] = {
    # A text that looks like a time stays text: in a list with one, the engine turned empty texts into times.
    "input_format_try_infer_dates": 0,
    "input_format_try_infer_datetimes": 0,
    # An object may contain "a.b" and {"a": {"b": …}}: for the engine they are the same, and the first stays.
    "type_json_skip_duplicated_paths": 1,
}
"""Settings for turning a JSON text into attributes. They don't apply when Arrow's columns are cast. So
attributes are inserted as a text, `attributes_sent`, which the table turns into attributes."""

ROLLUP = timedelta(minutes=5)

SPAN_KIND = "trace"
"""Spans count as this kind of log for retention."""

# How many of its latest inserts a table recognises by their token, if the engine decides that. At one insert
# every few seconds, that is most of a day, far longer than a sender keeps an unacknowledged batch.
_DEDUPLICATION_WINDOW = 10_000
# Parts of similar size wait until this many can be merged into one. With the engine's default of five, a new
# row was merged four times, which cost as much again as inserting it.
_MERGED_TOGETHER = 20
# A line with a rare word is alone among other lines, which are decompressed with it: with the engine's
# defaults, up to a megabyte of every column.
_READ_WITH_A_LINE = {"index_granularity": 2048, "min_compress_block_size": 16_384}
_KEPT = "INTERVAL 365 DAY"
_SERIES = """metric LowCardinality(String), target LowCardinality(String), instance LowCardinality(String)"""


def _written(settings: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in settings.items())


_SETTINGS = _written({**DURABLE, "non_replicated_deduplication_window": _DEDUPLICATION_WINDOW})

SAMPLES = f"""
CREATE TABLE IF NOT EXISTS samples (
    {_SERIES},
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    value Float64 CODEC(Delta, ZSTD),
    CONSTRAINT value_is_finite CHECK isFinite(value)
) ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (metric, target, instance, at)
TTL toDateTime(at) + {_KEPT}
SETTINGS {_SETTINGS}
"""

SAMPLES_5M = f"""
CREATE TABLE IF NOT EXISTS samples_5m (
    {_SERIES},
    at DateTime('UTC') CODEC(Delta, ZSTD),
    count SimpleAggregateFunction(sum, UInt64) CODEC(Delta, ZSTD),
    total SimpleAggregateFunction(sum, Float64) CODEC(Delta, ZSTD),
    low SimpleAggregateFunction(min, Float64) CODEC(Delta, ZSTD),
    high SimpleAggregateFunction(max, Float64) CODEC(Delta, ZSTD)
) ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (metric, target, instance, at)
TTL at + {_KEPT}
SETTINGS {_SETTINGS}
"""

# `samples.at` by its full name: a plain `at` in GROUP BY would mean the column in the select list.
SAMPLES_TO_5M = """
CREATE MATERIALIZED VIEW IF NOT EXISTS samples_to_5m TO samples_5m AS
SELECT metric, target, instance, toStartOfFiveMinutes(samples.at) AS at,
       count() AS count, sum(value) AS total, min(value) AS low, max(value) AS high
FROM samples
GROUP BY metric, target, instance, at
"""

RUN_OUTPUT = f"""
CREATE TABLE IF NOT EXISTS run_output (
    run UInt64,
    fence UInt64,
    number UInt32,
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    step LowCardinality(String),
    text String CODEC(ZSTD(3))
) ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (run, fence, number)
TTL toDateTime(at) + INTERVAL 90 DAY
SETTINGS {_SETTINGS}
"""

# A partition is one kind's day in the document's time zone: retention deletes whole days.
LOGS = f"""
CREATE TABLE IF NOT EXISTS logs (
    kind LowCardinality(String),
    day Date,
    at DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    level LowCardinality(String),
    service LowCardinality(String),
    message String CODEC(ZSTD),
    user_id String CODEC(ZSTD),
    request_id String CODEC(ZSTD),
    trace_id String CODEC(ZSTD),
    span_id String CODEC(ZSTD),
    ip String CODEC(ZSTD),
    method LowCardinality(String),
    route LowCardinality(String),
    status UInt16,
    duration_ms Float32 CODEC(ZSTD),
    attributes JSON(max_dynamic_paths = 64) DEFAULT attributes_sent CODEC(ZSTD),
    attributes_sent String EPHEMERAL '{{}}',
    sender LowCardinality(String),
    batch UInt64 CODEC(ZSTD),
    number UInt32 CODEC(Delta, ZSTD),
    received_at DateTime('UTC') DEFAULT now() CODEC(Delta, ZSTD),
    INDEX of_request request_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX of_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX of_user user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX words lower(message) TYPE ngrambf_v1(3, 2048, 2, 0) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY (kind, day)
ORDER BY at
SETTINGS {_SETTINGS}, merge_selector_base = {_MERGED_TOGETHER}, {_written(_READ_WITH_A_LINE)}
"""

LOGS_SENT = """
ALTER TABLE logs ADD COLUMN IF NOT EXISTS attributes_sent String EPHEMERAL '{}' AFTER attributes,
    MODIFY COLUMN attributes DEFAULT attributes_sent
"""

# Columns that are only shown are stored as JSON text: spans have many attributes, and their order is kept.
SPANS = f"""
CREATE TABLE IF NOT EXISTS spans (
    day Date,
    start_ns UInt64 CODEC(Delta, ZSTD),
    at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(toInt64(intDiv(start_ns, 1000000)))
        CODEC(Delta, ZSTD),
    duration_ns UInt64 CODEC(ZSTD),
    trace_id String CODEC(ZSTD),
    span_id String CODEC(ZSTD),
    parent_id String CODEC(ZSTD),
    service LowCardinality(String),
    name LowCardinality(String),
    kind LowCardinality(String),
    status LowCardinality(String),
    status_message String CODEC(ZSTD),
    method LowCardinality(String),
    route LowCardinality(String),
    code UInt16,
    request_id String CODEC(ZSTD),
    attributes String CODEC(ZSTD),
    resource String CODEC(ZSTD),
    events String CODEC(ZSTD),
    links String CODEC(ZSTD),
    sender LowCardinality(String),
    batch UInt64 CODEC(ZSTD),
    number UInt32 CODEC(Delta, ZSTD),
    received_at DateTime('UTC') DEFAULT now() CODEC(Delta, ZSTD),
    INDEX of_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX of_request request_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY day
ORDER BY at
SETTINGS {_SETTINGS}
"""

SCHEMA = (SAMPLES, SAMPLES_5M, SAMPLES_TO_5M, RUN_OUTPUT, LOGS, SPANS)
"""In the order of creation; running them again is harmless."""

ADDED = (("logs", "attributes_sent", LOGS_SENT),)
"""Table, column that older stores do not have, and the statement that adds it.

It must not run again: an ALTER writes the table's definition, which a full disk would leave empty.
"""

INSERT_COLUMNS = ("metric", "target", "instance", "at", "value")
"""The order in which `row_binary.encode` writes a sample."""

OUTPUT_COLUMNS = ("run", "fence", "number", "at", "step", "text")

SEAT = "seat-"
"""The beginning of a connection's `log_comment` in Toban's own store, and in no other store."""

BATCHED = frozenset(("logs", "spans"))
"""Tables whose rows contain the number of their batch: a writer can look up what is already stored."""
