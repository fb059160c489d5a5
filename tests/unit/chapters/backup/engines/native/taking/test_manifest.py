"""Backup manifests as the server writes them."""

import hashlib
import json

import pytest

from toban.chapters.backup.engines.native.taking.manifest import CHECKSUMS, BadManifest, File, parse

FILES = [
    {"Path": "base/5/1", "Size": 8192, "Last-Modified": "2026-04-01 03:00:00 GMT",
     "Checksum-Algorithm": "CRC32C", "Checksum": "b7a1a9d5"},
    {"Encoded-Path": "62617365ff", "Size": 0, "Last-Modified": "2026-04-01 03:00:00 GMT"},
]  # fmt: skip


def manifest(files: list[dict[str, object]]) -> bytes:
    body = json.dumps({"PostgreSQL-Backup-Manifest-Version": 2, "Files": files, "WAL-Ranges": []})
    lines = body.removesuffix("}").encode() + b",\n"
    return lines + b'"Manifest-Checksum": "' + hashlib.sha256(lines).hexdigest().encode() + b'"}\n'


def test_files_are_read_with_size_and_checksum() -> None:
    found = parse(manifest(FILES))

    assert found.files["base/5/1"] == File(8192, "CRC32C", "b7a1a9d5")
    assert found.files["base\udcff"] == File(0, "", "")


def test_one_changed_byte_is_detected() -> None:
    text = manifest(FILES).replace(b"8192", b"8193")

    with pytest.raises(BadManifest, match="自身のチェックサム"):
        parse(text)


def test_a_truncated_manifest_is_detected() -> None:
    with pytest.raises(BadManifest, match="途中で切れて"):
        parse(manifest(FILES)[:100])


def test_a_checksum_of_another_kind_is_refused() -> None:
    with pytest.raises(BadManifest, match="MD5"):
        parse(manifest([FILES[0] | {"Checksum-Algorithm": "MD5"}]))


def test_crc32c_is_written_in_the_servers_byte_order() -> None:
    checksum = CHECKSUMS["CRC32C"]()
    checksum.update(b"12345")
    checksum.update(b"6789")

    # The check value of CRC-32C is 0xE3069283.
    assert checksum.hexdigest() == "839206e3"
