"""Which files have pages; the checksums themselves are tested with real pages in the restore tests."""

import pytest

from toban.chapters.backup.engines.native.taking.pages import damaged, first_block


@pytest.mark.parametrize(
    ("path", "block"),
    [
        ("base/5/16384", 0),
        ("base/5/16384.1", 131072),
        ("base/5/16384_vm.2", 262144),
        ("global/1260_fsm", 0),
        ("pg_tblspc/16400/PG_18_202506291/5/16401", 0),
        ("global/pg_control", None),
        ("base/5/PG_VERSION", None),
        ("base/5/t3_16384", None),
        ("pg_xact/0000", None),
    ],
)
def test_relations_have_pages_and_count_them_through_their_segments(path: str, block: int | None) -> None:
    assert first_block(path) == block


def test_a_page_that_was_never_used_has_no_checksum() -> None:
    assert damaged(bytes(8192 * 2), [0, 1], before=1) == []


def test_a_used_page_without_a_right_checksum_is_damaged() -> None:
    page = bytearray(8192)
    page[14] = 1

    assert damaged(bytes(8192) + bytes(page), [7, 8], before=1) == [8]


def test_a_page_written_during_the_backup_is_not_judged() -> None:
    page = bytearray(8192)
    page[14] = 1
    page[4] = 9

    assert damaged(bytes(page), [8], before=9) == []
    assert damaged(bytes(page), [8], before=10) == [8]
