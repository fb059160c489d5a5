"""Splitting a tar stream at its members, however the network had split it."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.chapters.backup.engines.native.taking.members import Cut, Members, NoTar


def tar(*files: tuple[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def cut(stream: bytes, lengths: list[int]) -> list[Cut]:
    members, view = Members(), memoryview(stream)
    found: list[Cut] = []
    for length in lengths:
        found += members.cuts(view[:length])
        view = view[length:]
    return found + list(members.cuts(view))


FILES = st.lists(
    st.tuples(
        st.text("abc/_0123456789", min_size=1, max_size=40).map("f{}".format), st.binary(max_size=1600)
    ),
    max_size=8,
)


@given(FILES, st.lists(st.integers(0, 1500), max_size=30))
def test_the_chunks_add_up_to_the_stream_and_each_member_is_named_where_it_begins(
    files: list[tuple[str, bytes]], lengths: list[int]
) -> None:
    stream = tar(*files)

    found = cut(stream, lengths)

    assert b"".join(each.content for each in found) == stream
    with tarfile.open(fileobj=io.BytesIO(stream)) as archive:
        wanted = [(member.name, member.offset, member.size) for member in archive.getmembers()]
    at, begun = 0, []
    for each in found:
        if each.begins is not None:
            begun.append((each.begins, at, each.size))
        at += len(each.content)
    assert begun == wanted


def test_a_member_too_large_for_octal_digits_is_followed() -> None:
    # Beyond 8 GiB the size is written in base 256, as PostgreSQL does.
    size = 9 << 30
    member = tarfile.TarInfo("big")
    member.size = size
    members = Members()

    header = list(members.cuts(memoryview(member.tobuf(tarfile.GNU_FORMAT))))

    assert [each.begins for each in header] == ["big"]
    assert members._left == size


def test_data_that_is_not_a_tar_is_refused() -> None:
    with pytest.raises(NoTar, match="tar として読めません"):
        list(Members().cuts(memoryview(b"\x28\xb5\x2f\xfd" * 128)))
