"""Samples as RowBinary."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.design.values.metric import Metric
from toban.engine.telemetry.row_binary import encode, milliseconds, moment
from toban.engine.telemetry.samples import Sample


def test_a_row_is_three_strings_a_time_and_a_value() -> None:
    at = datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)

    row = encode([Sample(Metric.UP, "当番", "a", at, 1.0)])

    assert row == (
        b"\x02up" + b"\x06" + "当番".encode() + b"\x01a"
        + (1500).to_bytes(8, "little")
        + b"\x00\x00\x00\x00\x00\x00\xf0\x3f"
    )  # fmt: skip


@pytest.mark.parametrize(("length", "prefix"), [(127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")])
def test_the_length_of_a_long_name_is_encoded_in_seven_bit_groups(length: int, prefix: bytes) -> None:
    row = encode([Sample(Metric.UP, "x" * length, "a", datetime(2026, 1, 1, tzinfo=UTC), 1.0)])

    assert row.startswith(b"\x02up" + prefix + b"x" * length + b"\x01a")


def test_the_zone_of_a_moment_does_not_matter() -> None:
    tokyo = timezone(timedelta(hours=9))

    assert milliseconds(datetime(1970, 1, 1, 9, tzinfo=tokyo)) == 0


@given(st.integers(min_value=-(10**12), max_value=10**13))
def test_a_moment_survives_encoding_and_decoding(since_epoch: int) -> None:
    assert milliseconds(moment(since_epoch)) == since_epoch
