"""Failures that are specific to a folder."""

import os
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.store import StoreTrouble


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> DirectoryStore:
    return DirectoryStore(DirectoryConfig(path=root))


def test_nothing_is_written_to_an_unmounted_share(tmp_path: Path) -> None:
    store = DirectoryStore(DirectoryConfig(path=tmp_path / "mnt"))

    for asking in (
        lambda: store.put("a/x", b"1"),
        lambda: store.read("a/x"),
        lambda: list(store.listing("")),
        lambda: store.sweep("", datetime.now(UTC)),
    ):
        with pytest.raises(StoreTrouble, match="マウント") as trouble:
            asking()
        assert trouble.value.passing
    assert not (tmp_path / "mnt").exists()


def test_a_relative_folder_is_resolved_next_to_the_bindings(tmp_path: Path) -> None:
    config = DirectoryConfig.model_validate({"path": "store"}, context={"base": tmp_path})

    assert config.path == tmp_path / "store"


def test_an_unfinished_object_is_not_listed(store: DirectoryStore) -> None:
    with store.writer("a/x") as writer:
        writer.write(b"1")
        during = list(store.listing(""))

    assert during == []
    assert [each.key for each in store.listing("")] == ["a/x"]


def test_leftovers_of_a_killed_writer_are_swept_when_they_are_old(store: DirectoryStore, root: Path) -> None:
    (root / "a").mkdir()
    left = root / "a" / "x.0123abcd.partial"
    left.write_bytes(b"half")
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    os.utime(left, (hour_ago.timestamp(), hour_ago.timestamp()))

    too_young = store.sweep("a/", hour_ago - timedelta(seconds=1))
    elsewhere = store.sweep("b/", hour_ago + timedelta(seconds=1))
    swept = store.sweep("a/", hour_ago + timedelta(seconds=1))

    assert (too_young, elsewhere, swept) == (0, 0, 1)
    assert list(root.iterdir()) == []


def test_empty_folders_are_removed_with_their_last_object(store: DirectoryStore, root: Path) -> None:
    store.put("PostgreSQL/one/x", b"1")

    store.delete(["PostgreSQL/one/x"])

    assert list(root.iterdir()) == []


@pytest.mark.parametrize("key", ["", "/etc/passwd", "a/../../x", "a//x", "./x", "a\0b"])
def test_a_key_does_not_lead_out_of_the_folder(store: DirectoryStore, key: str) -> None:
    with pytest.raises(StoreTrouble, match="使えません"):
        store.put(key, b"1")


def test_a_full_disk_leaves_nothing_behind(store: DirectoryStore, root: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        with pytest.raises(StoreTrouble, match="a/x") as trouble:
            store.put("a/x", b"x" * (2 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert trouble.value.passing
    assert [path for path in root.rglob("*") if path.is_file()] == []
