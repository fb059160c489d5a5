"""Reads Prometheus' remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec/). Pure.

A request is a snappy block of the protobuf message `prometheus.WriteRequest`; its inner messages are declared
here, because no package publishes them.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from toban.chapters.monitoring.pushing.pushed import PushedValues, Series
from toban.chapters.monitoring.sources.prometheus.exposition import is_known
from toban.faces.ingest.unpacking import PROTOBUF_MARKS, refuse_too_many

LARGEST = 8 * 1024 * 1024
"""Bytes of a message once it is unpacked."""

MOST_INSTANCES = 2000
_NAME, _INSTANCE, _JOB = "__name__", "instance", "job"


class BadWrite(Exception):
    """The request does not follow the protocol; a retry can't help."""


def _message() -> Any:
    """Declare the messages and return the class of the outermost."""
    file = descriptor_pb2.FileDescriptorProto(name="remote.proto", package="prometheus", syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto

    def message(name: str, *fields: tuple[str, int, int, int, str]) -> None:
        declared = file.message_type.add(name=name)
        for field_name, number, kind, label, type_name in fields:
            declared.field.add(
                name=field_name, number=number, type=kind, label=label, type_name=type_name or None
            )

    one, many = field.LABEL_OPTIONAL, field.LABEL_REPEATED
    message("Label", ("name", 1, field.TYPE_STRING, one, ""), ("value", 2, field.TYPE_STRING, one, ""))
    message("Sample", ("value", 1, field.TYPE_DOUBLE, one, ""), ("timestamp", 2, field.TYPE_INT64, one, ""))
    message(
        "TimeSeries",
        ("labels", 1, field.TYPE_MESSAGE, many, ".prometheus.Label"),
        ("samples", 2, field.TYPE_MESSAGE, many, ".prometheus.Sample"),
    )
    message("WriteRequest", ("timeseries", 1, field.TYPE_MESSAGE, many, ".prometheus.TimeSeries"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


_WriteRequest = _message()


def read_write(body: bytes) -> tuple[PushedValues, ...]:
    """Return the values in *body* by instance and time.

    Raises `BadWrite`, and `TooLarge` for more values than a parser may read in one step.

    Series that Toban has no use for are left out: a sender sends everything it has.
    """
    try:
        if cramjam.snappy.decompress_raw_len(body) > LARGEST:
            raise BadWrite(f"more than {LARGEST} bytes once it is unpacked")
        content = bytes(cramjam.snappy.decompress_raw(body))
        refuse_too_many(content, PROTOBUF_MARKS)
        request = _WriteRequest.FromString(content)
    except cramjam.DecompressionError as error:
        raise BadWrite("the body is no snappy block") from error
    except DecodeError as error:
        raise BadWrite("the body is no prometheus.WriteRequest") from error
    return _by_instance(request.timeseries)


def _by_instance(timeseries: Iterable[Any]) -> tuple[PushedValues, ...]:
    found: dict[tuple[str, int], dict[Series, float]] = defaultdict(dict)
    for each in timeseries:
        labels = {label.name: label.value for label in each.labels}
        name = labels.pop(_NAME, "")
        instance = labels.pop(_INSTANCE, "") or labels.get(_JOB, "")
        labels.pop(_JOB, None)
        if not is_known(name) or not instance:
            continue
        for sample in each.samples:
            # A stale marker is a NaN, too: the series has ended.
            if not math.isnan(sample.value):
                found[instance, sample.timestamp][name, frozenset(labels.items())] = sample.value
    if len({instance for instance, _ in found}) > MOST_INSTANCES:
        raise BadWrite(f"more than {MOST_INSTANCES} instances in one request")
    return tuple(
        PushedValues(instance, _moment(at), series) for (instance, at), series in sorted(found.items())
    )


def _moment(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise BadWrite(f"{milliseconds} is no time") from error
