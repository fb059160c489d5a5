"""Tar streams as the server writes them, complete and damaged."""

import io
import tarfile
from collections.abc import Iterator

import pytest
import zstandard

from toban.chapters.backup.engines.native.taking.archive import BadArchive, MemberKind, inflated, members


def tar(*entries: tuple[str, bytes | None], ends: bool = True) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        end = archive.offset
    return file.getvalue() if ends else file.getvalue()[:end]


def pieces(text: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


def listed(stream: Iterator[bytes]) -> list[tuple[str, bytes]]:
    return [(member.name, b"".join(content)) for member, content in members(stream)]


@pytest.mark.parametrize("size", [1, 511, 512, 513, 1 << 20])
def test_members_are_complete_however_the_stream_is_split(size: int) -> None:
    text = tar(("base", None), ("base/1", b"a" * 512), ("./base/2", b"b" * 700), ("empty", b""))

    found = listed(pieces(text, size))

    assert found == [("base", b""), ("base/1", b"a" * 512), ("base/2", b"b" * 700), ("empty", b"")]


def test_the_zero_blocks_at_the_end_of_a_tar_may_be_missing() -> None:
    assert listed(iter([tar(("one", b"1"), ends=False)])) == [("one", b"1")]


def test_unread_content_is_skipped() -> None:
    text = tar(("one", b"1" * 3000), ("two", b"2"))

    assert [member.name for member, _ in members(pieces(text, 100))] == ["one", "two"]


def test_kinds_of_members_are_distinguished() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        link = tarfile.TarInfo("pg_tblspc/16400")
        link.type, link.linkname = tarfile.SYMTYPE, "/fast"
        archive.addfile(link)

    ((member, _),) = members([file.getvalue()])

    assert (member.kind, member.target) == (MemberKind.LINK, "/fast")


@pytest.mark.parametrize("name", ["../etc/passwd", "base/../../x", "/etc/passwd"])
def test_a_name_that_leads_out_of_the_folder_is_refused(name: str) -> None:
    with pytest.raises(BadArchive, match="外を指して"):
        listed(iter([tar((name, b"x"))]))


def test_a_stream_that_ends_inside_a_member_is_reported_as_truncated() -> None:
    with pytest.raises(BadArchive, match="途中で切れて"):
        listed(iter([tar(("one", b"1" * 2000))[:1500]]))


def test_data_that_is_not_a_tar_is_reported() -> None:
    with pytest.raises(BadArchive, match="tar として読めません"):
        listed(iter([b"x" * 1024]))


def test_several_frames_are_one_stream() -> None:
    frames = zstandard.compress(b"one") + zstandard.compress(b"two")

    assert b"".join(inflated(pieces(frames, 7))) == b"onetwo"


def test_damaged_zstd_is_reported() -> None:
    frame = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(bytes(range(256)) * 50))
    frame[-1] ^= 1

    with pytest.raises(BadArchive, match="zstd が壊れて"):
        list(inflated([bytes(frame)]))


def test_memory_stays_bounded_however_well_the_data_compresses() -> None:
    bomb = zstandard.compress(bytes(64 << 20))

    assert max(map(len, inflated([bomb]))) <= 1 << 20
