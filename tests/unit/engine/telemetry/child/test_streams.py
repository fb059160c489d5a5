"""Arrow streams are joined into one, or refused before anything of them is written."""

from io import BytesIO

import pyarrow as pa
import pytest

from toban.engine.telemetry.child.refusal import RequestRefusal
from toban.engine.telemetry.child.streams import join, schema_of
from toban.engine.telemetry.columns import stream_of

ONE, TWO = (pa.table({"text": [text]}) for text in ("one", "two"))


def joined(*streams: bytes) -> bytes:
    file = BytesIO()
    join(streams, file)
    return file.getvalue()


def test_several_streams_are_joined_into_one() -> None:
    table = pa.ipc.open_stream(joined(stream_of(ONE), stream_of(TWO), stream_of(ONE))).read_all()

    assert table["text"].to_pylist() == ["one", "two", "one"]


def test_a_single_stream_is_unchanged() -> None:
    assert joined(stream_of(ONE)) == stream_of(ONE)


def test_streams_with_different_columns_are_distinguished() -> None:
    other = pa.table({"text": [1]})

    assert schema_of(stream_of(ONE)) == schema_of(stream_of(TWO))
    assert schema_of(stream_of(ONE)) != schema_of(stream_of(other))


def of_integers_of_bits(bits: int) -> bytes:
    stream = stream_of(pa.table({"number": pa.array([1], pa.uint32())}))
    before, _, behind = stream.rpartition((32).to_bytes(4, "little"))
    return before + bits.to_bytes(4, "little") + behind


@pytest.mark.parametrize("stream", [b"", b"no stream at all", b"\xff" * 100, of_integers_of_bits(96)])
def test_data_that_is_not_a_stream_is_refused(stream: bytes) -> None:
    with pytest.raises(RequestRefusal, match="no stream of Arrow") as refused:
        schema_of(stream)

    assert refused.value.stored_nothing


def test_a_truncated_stream_is_refused_completely() -> None:
    broken = stream_of(TWO)[:-40]

    with pytest.raises(RequestRefusal, match="ends too early"):
        joined(stream_of(ONE), broken)
