"""Columns keep their values unchanged, whatever characters they contain and however repetitive they are."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.engine.telemetry.columns import DAY, MOMENT, Column, array_of, stream_of, table_of

SCHEMA = pa.schema([("day", DAY), ("at", MOMENT), ("text", pa.string()), ("number", pa.uint32())])


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts_are_stored_unchanged(texts: list[str]) -> None:
    assert array_of(pa.string(), texts).to_pylist() == texts


@pytest.mark.parametrize("values", [["同じ"] * 3, ["a", "b", "a"], [""] * 2, ["a"], []])
def test_a_repeated_value_is_written_for_every_row(values: list[str]) -> None:
    found = array_of(pa.string(), values)

    found.validate(full=True)
    assert found.to_pylist() == values


@pytest.mark.parametrize(
    ("kind", "values", "stored"),
    [
        (MOMENT, [1795694399.9996, 0.0, -1.5], [1795694400000, 0, -1500]),
        (MOMENT, [1795694399.123] * 2, [1795694399123] * 2),
        (DAY, ["2026-11-26", "1969-12-31"], [20783, -1]),
        (pa.uint64(), [2**64 - 1, 0], [2**64 - 1, 0]),
        (pa.float32(), [0.5, 1e30], [0.5, pytest.approx(1e30)]),
        (pa.uint32(), range(1, 4), [1, 2, 3]),
    ],
)
def test_numbers_are_stored_in_their_unit(kind: pa.DataType, values: Column, stored: list[float]) -> None:
    plain = {MOMENT: pa.int64(), DAY: pa.int32()}.get(kind, kind)

    assert array_of(kind, values).cast(plain).to_pylist() == stored


def test_a_stream_contains_the_table() -> None:
    columns: list[Column] = [["2026-11-26"] * 2, [1795694399.25, 1795694400.0], ["一", "2"], range(1, 3)]

    table = pa.ipc.open_stream(stream_of(table_of(SCHEMA, columns))).read_all()

    assert table.schema == SCHEMA
    assert table.to_pylist()[0] == {
        "day": date(2026, 11, 26),
        "at": datetime.fromtimestamp(1795694399.25, UTC),
        "text": "一",
        "number": 1,
    }


def test_a_table_may_be_empty() -> None:
    assert len(table_of(SCHEMA, [()] * 4)) == 0


def test_a_missing_column_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        table_of(SCHEMA, [["2026-11-26"]])
