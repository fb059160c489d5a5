"""Positions and segments of the log, and their keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.chapters.backup.engines.native.protocol.segments import (
    LogObject,
    WalSegment,
    assemble,
    log_folder,
    lsn_text,
    piece_key,
    pieces_prefix,
    position,
    read_key,
    segment_key,
)

MIB = 1 << 20
POSITIONS = st.integers(min_value=0, max_value=(1 << 64) - 1)
SIZES = st.sampled_from([1 << bits for bits in range(20, 31)])


@given(POSITIONS)
def test_an_lsn_survives_reading_and_writing(at: int) -> None:
    assert position(lsn_text(at)) == at


def test_an_lsn_is_read_as_postgresql_writes_it() -> None:
    assert position("16/B374D848") == 0x16B374D848
    assert lsn_text(0x16B374D848) == "16/B374D848"
    assert position("0/03000028") == position("0/3000028")


@pytest.mark.parametrize("text", ["", "16", "16/", "/1", "G/1", "1/2/3", "1/123456789"])
def test_an_invalid_lsn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no LSN"):
        position(text)


@given(st.integers(min_value=1, max_value=0xFFFFFFFF), POSITIONS, SIZES)
def test_a_segment_holds_its_position_and_is_found_by_its_name(timeline: int, at: int, size: int) -> None:
    segment = WalSegment.holding(timeline, at, size)

    assert segment.start <= at < segment.end
    assert segment.next.start == segment.end
    assert WalSegment.named(segment.name, size) == segment


def test_segments_are_named_as_postgresql_names_them() -> None:
    assert WalSegment.holding(1, position("0/2A000000"), 16 * MIB).name == "00000001000000000000002A"
    # The last segment of a 4 GiB log file is followed by the first of the next.
    last = WalSegment.holding(3, position("1/FFFFFFFF"), 16 * MIB)
    assert last.name == "0000000300000001000000FF"
    assert last.next.name == "000000030000000200000000"


def test_keys_distinguish_complete_segments_from_pieces() -> None:
    folder = log_folder("PostgreSQL", "7321")
    segment = WalSegment.holding(1, position("0/2A000000"), 16 * MIB)

    whole, piece = segment_key(folder, segment), piece_key(folder, segment, 0x1000)

    assert whole == "PostgreSQL/wal/7321/00000001/00000001000000000000002A.zst"
    assert piece == "PostgreSQL/wal/7321/00000001/00000001000000000000002A.00001000.zst"
    assert read_key(whole) == LogObject(segment.name, None)
    assert read_key(piece) == LogObject(segment.name, 0x1000)
    assert all(key.startswith(pieces_prefix(folder, segment)) for key in (whole, piece))
    assert read_key("PostgreSQL/wal/7321/00000002.history") is None


@given(st.binary(min_size=1, max_size=200), st.data())
def test_overlapping_pieces_give_back_the_known_start_of_a_segment(
    content: bytes, data: st.DataObject
) -> None:
    cuts = [*data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)), 0]
    ends = [data.draw(st.integers(cut, len(content))) for cut in cuts]
    pieces: dict[int, bytes] = {}
    for cut, end in zip(cuts, ends, strict=True):
        pieces[cut] = max(pieces.get(cut, b""), content[cut:end], key=len)

    whole, known = assemble(pieces, 256)

    assert len(whole) == 256
    assert whole[:known] == content[:known]
    assert known >= len(pieces[0])


def test_nothing_after_a_gap_counts() -> None:
    whole, known = assemble({0: b"abc", 4: b"efg"}, 8)

    assert known == 3
    assert whole == b"abc\0\0\0\0\0"
