"""Samples as ClickHouse's RowBinary: four times as fast as passing Python objects to the client.

See https://clickhouse.com/docs/interfaces/formats/RowBinary for the format.
"""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from toban.engine.telemetry.samples import Sample

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_AT_AND_VALUE = struct.Struct("<qd")


def encode(samples: Iterable[Sample]) -> bytes:
    """Return the rows of *samples* in the order of `tables.INSERT_COLUMNS`."""
    series: dict[tuple[str, str, str], bytes] = {}
    rows: list[bytes] = []
    for sample in samples:
        key = (sample.metric.value, sample.target, sample.instance)
        if key not in series:
            series[key] = b"".join(_string(word) for word in key)
        rows.append(series[key])
        rows.append(_AT_AND_VALUE.pack(milliseconds(sample.at), sample.value))
    return b"".join(rows)


def milliseconds(at: datetime) -> int:
    """Return the milliseconds since 1970-01-01 UTC; *at* is time-zone aware."""
    return (at - _EPOCH) // _MILLISECOND


def moment(milliseconds_since_epoch: int) -> datetime:
    """Return the moment for a number from `milliseconds`, in UTC."""
    return _EPOCH + milliseconds_since_epoch * _MILLISECOND


def _string(text: str) -> bytes:
    content = text.encode()
    return _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Return *number* as an unsigned LEB128."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
