"""Restore a backup manually, without Toban: proof that it can be done."""

import io
import tarfile
from pathlib import Path

import zstandard
from tests.integration.chapters.backup.postgres18 import Cluster, give_away

from toban.chapters.backup.engine import TakenBackup
from toban.engine.stores.store import Store

SUMS = "SELECT count(*), sum(hashtext(orders::text)) FROM orders"


def unpacked(store: Store, taken: TakenBackup, into: Path) -> Path:
    """Unpack *taken* as `cat … | zstd -dc | tar -x` does; return the data directory.

    A tablespace is unpacked to `{into}.{oid}`, and its link points there.
    """
    archives = taken.facts["archives"]
    assert isinstance(archives, list)
    spaces = {entry["tablespace"] for entry in archives}
    folders = {each: into if each is None else into.with_name(f"{into.name}.{each}") for each in spaces}
    for tablespace, folder in folders.items():
        stream = b"".join(store.read(entry["key"]) for entry in archives if entry["tablespace"] == tablespace)
        _extract(stream, folder)
    for tablespace in spaces - {None}:
        link = into / "pg_tblspc" / str(tablespace)
        link.unlink()
        link.symlink_to(folders[tablespace])
    (into / "backup_manifest").write_bytes(manifest(store, taken))
    return into


def manifest(store: Store, taken: TakenBackup) -> bytes:
    """Return the manifest of *taken* as the server wrote it."""
    entry = taken.facts["manifest"]
    assert isinstance(entry, dict)
    return zstandard.ZstdDecompressor().decompressobj().decompress(store.read(entry["key"]))


def verified(cluster: Cluster, files: Path) -> None:
    """Let PostgreSQL's own program compare *files* with their manifest, log included."""
    give_away(files)
    cluster.run("pg_verifybackup", "--quiet", str(files))


def _extract(stream: bytes, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    plain = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(stream), read_across_frames=True)
    with tarfile.open(fileobj=plain, mode="r|") as archive:
        archive.extractall(folder, filter="fully_trusted")  # noqa: S202 - a link of a tablespace leads out of it
