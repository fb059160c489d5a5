"""Attributes that travel as columns are stored as those that travel as texts."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest
from tests.integration.engine.telemetry.logs.test_rows import count, row
from tests.telemetry_rows import logs_of

from toban.engine.telemetry.batches import InsertBatch
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.native import block_of
from toban.engine.telemetry.objects import MOST_COLUMNS, SENT, STORED, are_columns, with_texts
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry

FLAT: list[dict[str, object]] = [
    {"path": "/orders/1", "count": 3},
    {"a.b": "dots", "a": "beside"},
    {'quo"te': 'say "so"', "back\\slash": "C:\\logs", "tab\t": "line\nbreak\0"},
    {"日本語": "注文", "emoji": "🍣", "`tick`": "`"},
    {"empty": "", "zero": 0, "least": -(2**63), "most": 2**63 - 1},
    {"date": "2026-11-26", "time": "2026-11-26 11:59:59.5", "number": "17", "null": "null", "list": "[1]"},
    {"long": "x" * 20_000, "short": "y" * 127, "longer": "z" * 128},
    {f"field{number}": number for number in range(MOST_COLUMNS)},
]


@pytest.fixture
def logs(telemetry: Telemetry) -> LogStore:
    telemetry.do("TRUNCATE TABLE logs", {})
    return LogStore(telemetry)


def columns_of(attributes: dict[str, object], rows: pa.Table) -> pa.Table:
    """Return *rows*, all of which have *attributes*, as columns."""
    structs = pa.array([attributes] * len(rows))
    return rows.set_column(rows.column_names.index(SENT), SENT, structs)


def stored(telemetry: Telemetry) -> list[Any]:
    return [
        (json.loads(text), sorted(paths), types)
        for text, paths, types in telemetry.ask(
            """SELECT toJSONString(attributes), JSONAllPaths(attributes),
            (dynamicType(attributes.path), dynamicType(attributes.count), dynamicType(attributes.date),
            dynamicType(attributes.zero), dynamicType(attributes.field63), dynamicType(attributes.a.b))
            FROM logs ORDER BY number""",
            {},
        )
    ]


@pytest.mark.parametrize("attributes", FLAT)
def test_columns_are_stored_like_texts(
    logs: LogStore, telemetry: Telemetry, attributes: dict[str, object]
) -> None:
    columns = columns_of(attributes, logs_of([row(1), row(2)]))
    texts = logs_of([row(number, attributes=attributes) for number in (3, 4)])

    logs.write(InsertBatch("00" * 32, columns))
    logs.write(InsertBatch("01" * 32, texts))

    assert are_columns(columns)
    first, second, *as_text = stored(telemetry)
    assert [first, second] == as_text


@pytest.mark.parametrize("attributes", FLAT)
def test_columns_become_the_texts_that_a_server_of_clickhouse_is_sent(attributes: dict[str, object]) -> None:
    texts = with_texts(columns_of(attributes, logs_of([row(1), row(2)])))

    assert not are_columns(texts)
    assert [json.loads(text) for text in texts[SENT].to_pylist()] == [attributes] * 2


def test_batches_with_different_fields_are_written_together(logs: LogStore, telemetry: Telemetry) -> None:
    batches = [
        InsertBatch(
            key_of("shop", str(at), b""),
            columns_of({f"field{at}": at, "all": str(at)}, logs_of([row(at * 10 + n) for n in range(10)])),
        )
        for at in range(40)
    ]

    with ThreadPoolExecutor(16) as senders:
        list(senders.map(logs.write, batches))

    assert [attributes for attributes, _, _ in stored(telemetry)] == [
        {f"field{at}": at, "all": str(at)} for at in range(40) for _ in range(10)
    ]


def test_the_missing_rows_of_a_batch_are_written_once(logs: LogStore, telemetry: Telemetry) -> None:
    key, rows = key_of("shop", "again", b""), columns_of({"a": "1"}, logs_of([row(n) for n in range(1, 101)]))

    logs.write(InsertBatch(key, rows.slice(20, 30)))
    logs.write(InsertBatch(key, rows), is_repetition=True)

    assert count(telemetry) == 100
    assert telemetry.ask("SELECT uniqExact(number) FROM logs WHERE attributes.a = '1'", {})[0][0] == 100


def test_half_a_block_is_refused_and_delays_no_other(logs: LogStore, telemetry: Telemetry) -> None:
    rows = columns_of({"a": "1"}, logs_of([row(n) for n in range(1, 101)]))
    named = rows.rename_columns([STORED if name == SENT else name for name in rows.column_names])
    block = block_of(named.append_column("batch", pa.array([7] * 100, pa.uint64())))
    others = [InsertBatch(key_of("shop", str(at), b""), rows) for at in range(20)]

    def insert_half() -> None:
        telemetry.insert(
            "logs",
            [*named.column_names, "batch"],
            block[: len(block) // 2],
            form="Native",
            token=f"{key_of('shop', 'half', b'')}/0",
        )

    with ThreadPoolExecutor(16) as senders:
        done = [senders.submit(logs.write, batch) for batch in others[:10]]
        half = senders.submit(insert_half)
        done += [senders.submit(logs.write, batch) for batch in others[10:]]

    assert isinstance(half.exception(), StoreRefused | StoreUnavailable)
    assert [each.exception() for each in done] == [None] * 20
    assert count(telemetry) == 2000
