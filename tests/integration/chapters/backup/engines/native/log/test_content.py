"""Content of a segment, read while the follower goes on and replaces the listed pieces by the whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.native.log.log import content, stored_segments
from toban.chapters.backup.engines.native.log.replay import StoredSegment
from toban.chapters.backup.engines.native.protocol.segments import WalSegment, piece_key, segment_key
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore

SIZE = 1 << 20
FOLDER = "PostgreSQL/wal/7/"
SEGMENT = WalSegment(1, 42, SIZE)
WHOLE = segment_key(FOLDER, SEGMENT)
PIECES = [piece_key(FOLDER, SEGMENT, offset) for offset in (0, 1000)]
LOG = bytes(range(256)) * (SIZE // 256)


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(DirectoryConfig(path=tmp_path))


def put(store: DirectoryStore, key: str, log: bytes) -> None:
    store.put(key, zstandard.compress(log))


def in_pieces(store: DirectoryStore) -> StoredSegment:
    """Store the beginning of the segment, and return it as it is listed then."""
    put(store, PIECES[0], LOG[:1000])
    put(store, PIECES[1], LOG[1000:3000])
    (listed,) = stored_segments(list(store.listing(FOLDER)), SIZE)
    assert set(listed.pieces) == {0, 1000}
    return listed


def test_pieces_that_became_a_whole_segment_since_they_were_listed_are_read_from_it(
    store: DirectoryStore,
) -> None:
    listed = in_pieces(store)
    put(store, WHOLE, LOG)
    store.delete(PIECES)

    assert content(store, listed) == (LOG, SIZE)


def test_pieces_may_go_while_they_are_read(store: DirectoryStore) -> None:
    class Replacing(DirectoryStore):
        """The follower replaces the pieces when the second one is opened."""

        def stream(self, key: str, *, sha256: str = "") -> Iterator[bytes]:
            if key == PIECES[1]:
                put(store, WHOLE, LOG)
                store.delete(PIECES)
            return super().stream(key, sha256=sha256)

    listed = in_pieces(store)

    assert content(Replacing(DirectoryConfig(path=Path(store.name))), listed) == (LOG, SIZE)


def test_a_piece_that_nothing_has_replaced_is_still_missed(store: DirectoryStore) -> None:
    listed = in_pieces(store)
    store.delete(PIECES[1:])

    with pytest.raises(BackupFailed, match=SEGMENT.name):
        content(store, listed)


def test_a_damaged_piece_is_not_hidden_by_looking_again(store: DirectoryStore) -> None:
    listed = in_pieces(store)
    store.put(PIECES[1], b"no zstd")

    with pytest.raises(BackupFailed, match=SEGMENT.name):
        content(store, listed)
