"""Advisories from a mirror of them, whatever its archives hold."""

import json
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from tests.unit.chapters.vulnerabilities.mirrors import advisory, mirror

from toban.chapters.vulnerabilities.advisories.mirror import folder_doubts, read_mirror

NOW = datetime(2026, 11, 25, tzinfo=UTC)
WANTED = frozenset({("PyPI", "lib")})


def test_what_is_asked_for_is_read_with_the_age_of_the_data(tmp_path: Path) -> None:
    old = advisory("A", "lib", "2.0", modified="2026-01-01T00:00:00Z")
    mirror(tmp_path, "PyPI", [old, advisory("B", "other", "1.0")])

    found = read_mirror(tmp_path, WANTED, NOW)

    assert [each.id for each, _ in found.known["PyPI", "lib"]] == ["A"]
    assert found.known.keys() == {("PyPI", "lib")}
    assert (found.data["PyPI"].records, found.data["PyPI"].unreadable) == (2, 0)
    assert found.data["PyPI"].newest == datetime(2026, 11, 24, tzinfo=UTC)


def test_records_from_the_future_do_not_make_old_data_new(tmp_path: Path) -> None:
    ahead = (NOW + timedelta(days=30)).isoformat()
    mirror(tmp_path, "PyPI", [advisory("A", "lib", "2.0"), advisory("B", "lib", "2.0", modified=ahead)])

    assert read_mirror(tmp_path, WANTED, NOW).data["PyPI"].newest == datetime(2026, 11, 24, tzinfo=UTC)


def test_the_archive_of_a_distribution_may_hold_all_of_its_releases(tmp_path: Path) -> None:
    mirror(
        tmp_path,
        "Debian",
        [
            advisory("A", "curl", "8", ecosystem="Debian:12"),
            advisory("B", "other", "8", ecosystem="Debian:13"),
        ],
    )

    found = read_mirror(tmp_path, {("Debian:12", "curl"), ("Debian:13", "curl")}, NOW)

    assert found.known.keys() == {("Debian:12", "curl")}
    assert found.data.keys() == {"Debian:12", "Debian:13"}


def test_an_archive_that_is_about_other_releases_says_nothing_of_one(tmp_path: Path) -> None:
    mirror(tmp_path, "Debian", [advisory("A", "curl", "8", ecosystem="Debian:12")])

    found = read_mirror(tmp_path, {("Debian:13", "curl")}, NOW)

    assert not found.data
    assert "Debian:13 " in str(found.missing["Debian:13"])


@pytest.mark.parametrize("ecosystem", ["npm", "../PyPI", ".", "", "PyPI/x"])
def test_an_ecosystem_without_an_archive_is_missing(tmp_path: Path, ecosystem: str) -> None:
    mirror(tmp_path / "osv", "nothing", [])
    mirror(tmp_path, "PyPI", [advisory("A", "lib", "2.0")])

    found = read_mirror(tmp_path / "osv", {(ecosystem, "lib")}, NOW)

    assert found.missing.keys() == {ecosystem}
    assert not found.known


def _archive(folder: Path) -> Path:
    (folder / "PyPI").mkdir()
    return folder / "PyPI" / "all.zip"


def test_records_that_are_no_advisories_are_counted(tmp_path: Path) -> None:
    with ZipFile(_archive(tmp_path), "w") as archive:
        archive.writestr("good.json", json.dumps(advisory("A", "lib", "2.0")))
        archive.writestr("bad.json", "{")
        archive.writestr("odd.json", "[1]")
        archive.writestr("README.md", "not JSON, and not meant to be")

    assert read_mirror(tmp_path, WANTED, NOW).data["PyPI"].unreadable == 2


def test_a_bomb_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = _archive(tmp_path)
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("bomb.json", b" " * (17 * 1024 * 1024))
    # It lies about its size, too: 24 bytes before the name in the local header, and in the directory.
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 17 * 1024 * 1024), struct.pack("<I", 9)))

    found = read_mirror(tmp_path, WANTED, NOW)

    assert found.missing.keys() == {"PyPI"}


def test_a_record_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with ZipFile(_archive(tmp_path), "w", ZIP_DEFLATED) as archive:
        archive.writestr("bomb.json", b" " * (17 * 1024 * 1024))

    assert "大きすぎます" in str(read_mirror(tmp_path, WANTED, NOW).missing["PyPI"])


@pytest.mark.parametrize("written", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_an_archive_that_holds_nothing_is_missing(tmp_path: Path, written: bytes) -> None:
    _archive(tmp_path).write_bytes(written)

    assert read_mirror(tmp_path, WANTED, NOW).missing.keys() == {"PyPI"}


def test_a_cut_off_archive_is_missing(tmp_path: Path) -> None:
    mirror(tmp_path, "PyPI", [advisory(f"A{n}", "lib", "2.0") for n in range(50)])
    path = tmp_path / "PyPI" / "all.zip"
    path.write_bytes(path.read_bytes()[:-100])

    assert read_mirror(tmp_path, WANTED, NOW).missing.keys() == {"PyPI"}


def test_an_empty_folder_is_doubted(tmp_path: Path) -> None:
    assert [str(each) for each in folder_doubts(tmp_path)] == [f"{tmp_path} に脆弱性情報がありません"]
    mirror(tmp_path, "PyPI", [])
    assert list(folder_doubts(tmp_path)) == []


def test_a_folder_that_the_next_scan_fills_is_not_doubted_unless_it_can_not_be_written(
    tmp_path: Path,
) -> None:
    assert list(folder_doubts(tmp_path / "osv", is_refreshed=True)) == []
    (doubt,) = folder_doubts(tmp_path / "none" / "osv", is_refreshed=True)
    assert "に書けません" in str(doubt)


def test_an_archive_with_a_damaged_record_is_missing(tmp_path: Path) -> None:
    path = _archive(tmp_path)
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("A.json", json.dumps(advisory("A", "lib", "2.0")))
    written = bytearray(path.read_bytes())
    start = 30 + len("A.json")
    written[start : start + 8] = b"\xff" * 8
    path.write_bytes(written)

    assert read_mirror(tmp_path, WANTED, NOW).missing.keys() == {"PyPI"}


def test_the_list_of_an_archives_files_is_bounded_before_it_is_read(tmp_path: Path) -> None:
    mirror(tmp_path, "PyPI", [advisory("A", "lib", "2.0")])
    assert not read_mirror(tmp_path, WANTED, NOW).missing
    with ZipFile(tmp_path / "PyPI/all.zip", "a") as archive:
        for number in range(1_100):
            entry = ZipInfo(f"{number}.txt")
            entry.comment = b"x" * 65_535
            archive.writestr(entry, "")

    found = read_mirror(tmp_path, WANTED, NOW)

    assert not found.known
    assert "all.zip" in str(found.missing["PyPI"])
