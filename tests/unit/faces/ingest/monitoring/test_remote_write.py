"""Parsing remote write requests, as Prometheus writes them."""

import math
from datetime import UTC, datetime

import cramjam
import pytest

from toban.chapters.monitoring.pushing.pushed import PushedValues
from toban.faces.ingest.monitoring.remote_write import LARGEST, BadWrite, _WriteRequest, read_write

AT = datetime(2026, 4, 1, 12, tzinfo=UTC)
MILLISECONDS = int(AT.timestamp() * 1000)

type Series = tuple[dict[str, str], list[tuple[float, int]]]


def written(*series: Series) -> bytes:
    request = _WriteRequest()
    for labels, samples in series:
        each = request.timeseries.add()
        for name, value in labels.items():
            each.labels.add(name=name, value=value)
        for figure, at in samples:
            each.samples.add(value=figure, timestamp=at)
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def total(instance: str, value: float, at: int = MILLISECONDS, **more: str) -> Series:
    labels = {"__name__": "node_memory_MemTotal_bytes", "instance": instance, "job": "node", **more}
    return labels, [(value, at)]


def test_series_are_grouped_by_instance_and_time_and_lose_these_labels() -> None:
    body = written(total("web-2", 8.0), total("web-1", 4.0), total("web-1", 5.0, MILLISECONDS + 15_000))

    found = read_write(body)

    assert [(each.instance, each.at) for each in found] == [
        ("web-1", AT),
        ("web-1", AT.replace(second=15)),
        ("web-2", AT),
    ]
    assert found[0].series == {("node_memory_MemTotal_bytes", frozenset()): 4.0}


def test_series_toban_does_not_use_are_left_out() -> None:
    go = {"__name__": "go_goroutines", "instance": "web-1"}
    nameless = {"__name__": "node_memory_MemTotal_bytes"}

    assert read_write(written((go, [(7.0, MILLISECONDS)]), (nameless, [(7.0, MILLISECONDS)]))) == ()


def test_without_an_instance_the_job_is_the_name() -> None:
    labels = {"__name__": "pg_up", "job": "postgres"}

    assert read_write(written((labels, [(1.0, MILLISECONDS)]))) == (
        PushedValues("postgres", AT, {("pg_up", frozenset()): 1.0}),
    )


def test_a_stale_marker_is_not_a_value() -> None:
    labels = {"__name__": "pg_up", "instance": "db"}

    assert read_write(written((labels, [(math.nan, MILLISECONDS)]))) == ()


@pytest.mark.parametrize(
    "body", [b"", b"not snappy", bytes(cramjam.snappy.compress_raw(b"\xff\xff\xff"))], ids=len
)
def test_data_outside_the_protocol_is_refused(body: bytes) -> None:
    with pytest.raises(BadWrite):
        read_write(body)


def test_a_decompression_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = bytes(cramjam.snappy.compress_raw(bytes(LARGEST + 1)))

    with pytest.raises(BadWrite, match="once it is unpacked"):
        read_write(bomb)


def test_a_time_far_out_of_range_is_refused() -> None:
    with pytest.raises(BadWrite, match="is no time"):
        read_write(written(total("web-1", 1.0, 2**62)))
