"""One suite for every store: a directory, two S3 servers, and the same with encryption."""

import hashlib
import os
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyrage
import pytest

from toban.engine.bindings.secret import Secret
from toban.engine.stores import directory, s3
from toban.engine.stores.directory import DirectoryConfig
from toban.engine.stores.store import AlreadyThere, Store, StoreTrouble

if TYPE_CHECKING:
    from tests.integration.buckets import BucketOf

MIB = 1 << 20

type Build = Callable[..., Store]


def _directory(request: pytest.FixtureRequest) -> Build:
    folder = request.getfixturevalue("tmp_path") / "store"
    folder.mkdir()
    return lambda **keys: directory.KIND.build(DirectoryConfig.model_validate({"path": folder, **keys}))


def _bucket(server: str) -> Callable[[pytest.FixtureRequest], Build]:
    def on(request: pytest.FixtureRequest) -> Build:
        bucket_of: BucketOf = request.getfixturevalue("bucket_of")
        config = bucket_of(request.getfixturevalue(server))
        return lambda **keys: s3.KIND.build(type(config).model_validate({**dict(config), **keys}))

    return on


PLACES = {"directory": _directory, "nanio": _bucket("nanio"), "ministack": _bucket("ministack")}


@pytest.fixture(params=PLACES)
def build(request: pytest.FixtureRequest) -> Build:
    """Builds stores that all use the same location."""
    return PLACES[request.param](request)


@pytest.fixture(params=["plain", "sealed"])
def store(request: pytest.FixtureRequest, build: Build, tmp_path: Path) -> Iterator[Store]:
    keys = {} if request.param == "plain" else sealing(tmp_path)
    made = build(**keys)
    yield made
    made.close()


def sealing(folder: Path) -> dict[str, object]:
    identity = pyrage.x25519.Identity.generate()
    file = folder / "identity.txt"
    file.write_text(f"# public key: {identity.to_public()}\n{identity}\n")
    return {"encrypt_to": (str(identity.to_public()),), "identity": Secret(f"file:{file}")}


def write_half(store: Store, key: str, written: int) -> None:
    with store.writer(key) as writer:
        for _ in range(0, written, MIB):
            writer.write(b"x" * min(written, MIB))
        raise ConnectionResetError("the server went away")


def keys(store: Store, prefix: str = "") -> list[str]:
    return [each.key for each in store.listing(prefix)]


def test_stored_content_is_read_back(store: Store) -> None:
    stored = store.put("PostgreSQL/one/backup.json", b"{}")

    assert store.read("PostgreSQL/one/backup.json") == b"{}"
    assert stored.key == "PostgreSQL/one/backup.json"
    assert [each.size for each in store.listing("PostgreSQL/")] == [stored.size]


def test_an_empty_object_can_be_stored(store: Store) -> None:
    with store.writer("a/empty"):
        pass

    assert keys(store) == ["a/empty"]
    assert b"".join(store.stream("a/empty")) == b""


@pytest.mark.parametrize("size", [1, 5 * MIB, 5 * MIB + 1, 21 * MIB], ids=str)
def test_an_object_is_read_back_as_it_was_written(store: Store, size: int) -> None:
    content = os.urandom(size)

    with store.writer("a/big") as writer:
        for start in range(0, size, 700_001):
            writer.write(memoryview(content)[start : start + 700_001])
    stored = writer.stored

    assert b"".join(store.stream("a/big", sha256=stored.sha256)) == content
    assert [each.size for each in store.listing("a/big")] == [stored.size]


def test_the_writer_may_reuse_its_buffer(store: Store) -> None:
    buffer = bytearray(b"first ")

    with store.writer("a/reused") as writer:
        writer.write(buffer)
        buffer[:] = b"second"
        writer.write(buffer)

    assert b"".join(store.stream("a/reused")) == b"first second"


@pytest.mark.parametrize("written", [0, 100, 12 * MIB], ids=str)
def test_no_object_appears_when_the_producer_dies(store: Store, written: int) -> None:
    with pytest.raises(ConnectionResetError, match="the server went away"):
        write_half(store, "a/half", written)

    assert keys(store) == []
    with pytest.raises(StoreTrouble, match="a/half"):
        store.read("a/half")


def test_overwriting_an_object_keeps_the_later_content(store: Store) -> None:
    store.put("a/x", b"first")
    store.put("a/x", b"later")

    assert store.read("a/x") == b"later"


def test_adding_an_object_never_replaces_another(store: Store, request: pytest.FixtureRequest) -> None:
    if "nanio" in request.node.name:
        pytest.skip("this server knows no conditional writes")
    added = store.add("chain/1", b"first")

    with pytest.raises(AlreadyThere, match="chain/1 はすでにあります"):
        store.add("chain/1", b"second")

    assert store.read("chain/1") == b"first"
    assert [(each.key, each.size) for each in store.listing("")] == [("chain/1", added.size)]


def test_a_store_without_locks_says_so(store: Store) -> None:
    store.put("chain/1", b"first")

    assert store.lock("chain/1", datetime.now(UTC) + timedelta(days=365), "GOVERNANCE") == ""


def test_the_old_content_stays_when_overwriting_fails(store: Store) -> None:
    store.put("a/x", b"first")

    with pytest.raises(ConnectionResetError):
        write_half(store, "a/x", 100)

    assert store.read("a/x") == b"first"


def test_content_that_differs_from_the_record_is_detected(store: Store) -> None:
    recorded = store.put("a/x", b"as recorded")
    store.put("a/x", b"as it is now")

    with pytest.raises(StoreTrouble, match="SHA-256"):
        list(store.stream("a/x", sha256=recorded.sha256))


def test_a_missing_object_is_named(store: Store) -> None:
    with pytest.raises(StoreTrouble, match="a/none") as reading:
        store.read("a/none")
    with pytest.raises(StoreTrouble, match="a/none"):
        list(store.stream("a/none"))

    assert not reading.value.passing


def test_a_prefix_matches_only_whole_path_parts(store: Store) -> None:
    for key in ("S3ファイル/2026-full/x", "S3ファイル/2027-full/x", "S3ファイル!2F2/x", "T"):
        store.put(key, b"1")

    assert keys(store, "S3ファイル/2026") == ["S3ファイル/2026-full/x"]
    assert sorted(keys(store, "S3ファイル")) == [
        "S3ファイル!2F2/x",
        "S3ファイル/2026-full/x",
        "S3ファイル/2027-full/x",
    ]
    assert len(keys(store)) == 4
    assert keys(store, "nobody/") == []


def test_removing_twice_is_not_an_error(store: Store) -> None:
    store.put("a/x", b"1")
    store.put("a/y", b"1")

    store.delete(["a/x"])
    store.delete(["a/x", "a/never"])
    store.delete([])

    assert keys(store) == ["a/y"]


def test_a_reader_may_stop_early(store: Store) -> None:
    with store.writer("a/big") as writer:
        for _ in range(30):
            writer.write(os.urandom(MIB))

    pieces = iter(store.stream("a/big"))
    first = next(pieces)
    pieces.close()  # type: ignore[attr-defined]

    assert first


@pytest.mark.slow
def test_a_big_object_needs_little_memory(store: Store) -> None:
    piece, count = os.urandom(MIB), 160
    digest = hashlib.sha256()
    tracemalloc.start()

    with store.writer("a/big") as writer:
        for _ in range(count):
            writer.write(piece)
    for each in store.stream("a/big", sha256=writer.stored.sha256):
        digest.update(each)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert digest.hexdigest() == hashlib.sha256(piece * count).hexdigest()
    assert peak < 70 * MIB


def test_sweeping_leaves_complete_objects_alone(store: Store) -> None:
    store.put("a/x", b"1")

    swept = store.sweep("", datetime.now(UTC) + timedelta(hours=1))

    assert swept == 0
    assert keys(store) == ["a/x"]


def test_an_encrypted_object_can_only_be_read_with_its_key(build: Build, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    ours, others = sealing(tmp_path), sealing(tmp_path / "other")
    stored = build(encrypt_to=ours["encrypt_to"]).put("a/x", b"a customer's name")

    plain = build()
    with pytest.raises(StoreTrouble, match="identity"):
        plain.read("a/x")
    with pytest.raises(StoreTrouble, match="identity"):
        list(build(**others).stream("a/x"))
    assert build(**ours).read("a/x") == b"a customer's name"
    assert stored.sealed == "".join(ours["encrypt_to"])  # type: ignore[arg-type]


def test_objects_stored_before_encryption_was_enabled_stay_readable(build: Build, tmp_path: Path) -> None:
    build().put("a/x", b"older")

    sealed = build(**sealing(tmp_path))

    assert sealed.read("a/x") == b"older"
    assert b"".join(sealed.stream("a/x")) == b"older"


def test_damage_inside_an_encrypted_object_is_detected_without_a_record(build: Build, tmp_path: Path) -> None:
    keys_of = sealing(tmp_path)
    content = os.urandom(3 * MIB)
    with build(**keys_of).writer("a/x") as writer:
        writer.write(content)
    sealed = bytearray()
    raw = build()._inner  # type: ignore[attr-defined]
    for piece in raw.stream("a/x"):
        sealed += piece
    assert sealed.startswith(b"age-encryption.org/v1")
    assert content[:64] not in bytes(sealed)
    sealed[2 * MIB] ^= 1
    raw.put("a/x", bytes(sealed))

    with pytest.raises(StoreTrouble, match="壊れています"):
        list(build(**keys_of).stream("a/x"))
