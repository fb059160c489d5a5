"""Features specific to a bucket, and how its server's faults are reported."""

import io
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration import buckets
from tests.integration.buckets import SECRET_KEY, BucketOf, S3Server

from toban.engine.bindings.secret import Secret
from toban.engine.stores.s3.config import S3Config
from toban.engine.stores.s3.store import S3Store
from toban.engine.stores.store import StoreTrouble

MIB = 1 << 20


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[S3Server]:
    """A server that a test may stop."""
    (tmp_path / "own").mkdir()
    server = buckets.nanio(tmp_path / "own")
    server.start()
    yield server
    server.stop()


def test_keys_are_stored_below_the_prefix(nanio: S3Server, bucket_of: BucketOf) -> None:
    config = bucket_of(nanio, prefix="/ops/shop/")

    S3Store(config).put("PostgreSQL/x", b"1")

    found = nanio.client().list_objects_v2(Bucket=config.bucket)["Contents"]
    assert [each["Key"] for each in found] == ["ops/shop/PostgreSQL/x"]


def test_a_wrong_key_is_reported_without_showing_it(
    nanio: S3Server, bucket_of: BucketOf, tmp_path: Path
) -> None:
    (tmp_path / "wrong").write_text("not-the-key-at-all")
    store = S3Store(bucket_of(nanio, secret_key=Secret(f"file:{tmp_path / 'wrong'}")))

    with pytest.raises(StoreTrouble, match="SignatureDoesNotMatch") as writing:
        store.put("a/x", b"1")
    with pytest.raises(StoreTrouble, match="SignatureDoesNotMatch"):
        list(store.listing("a/"))
    with pytest.raises(StoreTrouble, match="鍵"):
        store.sweep("", datetime.now(UTC))

    assert "not-the-key-at-all" not in str(writing.value)
    assert not writing.value.passing


def test_a_missing_key_is_reported_by_its_place(nanio: S3Server, bucket_of: BucketOf) -> None:
    store = S3Store(
        bucket_of(nanio, access_key=Secret("env:NO_SUCH_KEY"), secret_key=Secret("env:NO_SUCH_KEY"))
    )

    with pytest.raises(StoreTrouble, match="NO_SUCH_KEY"):
        store.put("a/x", b"1")


def test_a_missing_bucket_is_reported(nanio: S3Server, bucket_of: BucketOf) -> None:
    store = S3Store(bucket_of(nanio, bucket="nobody-made-this"))

    for asking in (
        lambda: store.put("a/x", b"1"),
        lambda: store.put("a/x", b"1" * 6 * MIB),
        lambda: store.read("a/x"),
        lambda: list(store.listing("a/")),
        lambda: store.delete(["a/x"]),
    ):
        with pytest.raises(StoreTrouble, match="バケットがありません") as trouble:
            asking()
        assert not trouble.value.passing


@pytest.mark.slow
def test_an_unreachable_server_is_abandoned_in_time(own_server: S3Server, bucket_of: BucketOf) -> None:
    store = S3Store(bucket_of(own_server, retry_for="1秒"))
    own_server.stop()

    with pytest.raises(StoreTrouble, match="接続を拒まれました") as trouble:
        store.put("a/x", b"1")
    with pytest.raises(StoreTrouble, match="接続を拒まれました"):
        _write(store, "a/big", pieces=30)

    assert trouble.value.passing


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [3, 20], ids=str)
def test_an_upload_survives_an_outage(own_server: S3Server, bucket_of: BucketOf, seconds: int) -> None:
    store = S3Store(bucket_of(own_server, retry_for="1分"))
    is_down = threading.Event()

    def outage() -> None:
        own_server.stop()
        is_down.set()
        time.sleep(seconds)
        own_server.start()

    content = os.urandom(24 * MIB)
    back = threading.Thread(target=outage)
    with store.writer("a/big") as writer:
        writer.write(content[: 12 * MIB])
        back.start()
        is_down.wait()
        writer.write(content[12 * MIB :])
    back.join()

    assert b"".join(store.stream("a/big", sha256=writer.stored.sha256)) == content


@pytest.mark.slow
def test_reading_survives_an_outage(own_server: S3Server, bucket_of: BucketOf) -> None:
    store = S3Store(bucket_of(own_server, retry_for="1分"))
    content = os.urandom(64 * MIB)
    stored = store.put("a/big", content)
    found = io.BytesIO()
    reading = iter(store.stream("a/big", sha256=stored.sha256))
    found.write(next(reading))
    own_server.stop()
    back = threading.Timer(2.0, own_server.start)
    back.start()

    for piece in reading:
        found.write(piece)
    back.join()

    assert found.getvalue() == content


def test_an_interrupted_upload_is_swept(own_server: S3Server, bucket_of: BucketOf) -> None:
    config = bucket_of(own_server, retry_for="1秒")
    store = S3Store(config)
    client = own_server.client()
    with pytest.raises(StoreTrouble), store.writer("PostgreSQL/cut/base") as writer:
        _cut_off(writer.write, own_server)
    own_server.start()
    other = client.create_multipart_upload(Bucket=config.bucket, Key="shop/another/x")
    assert len(client.list_multipart_uploads(Bucket=config.bucket)["Uploads"]) == 2

    too_young = store.sweep("PostgreSQL/", datetime.now(UTC) - timedelta(hours=1))
    swept = store.sweep("PostgreSQL/", datetime.now(UTC) + timedelta(hours=1))

    left = client.list_multipart_uploads(Bucket=config.bucket)["Uploads"]
    assert (too_young, swept) == (0, 1)
    assert [each["UploadId"] for each in left] == [other["UploadId"]]
    assert list(store.listing("")) == []


def test_the_version_of_an_object_is_recorded_if_the_bucket_is_versioned(
    ministack: S3Server, bucket_of: BucketOf
) -> None:
    config = bucket_of(ministack)
    client = ministack.client()
    client.put_bucket_versioning(Bucket=config.bucket, VersioningConfiguration={"Status": "Enabled"})

    stored = S3Store(config).put("a/x", b"1")

    versions = client.list_object_versions(Bucket=config.bucket)["Versions"]
    assert stored.version
    assert [each["VersionId"] for each in versions] == [stored.version]


def test_the_protection_of_a_bucket_is_reported(ministack: S3Server, bucket_of: BucketOf) -> None:
    config = bucket_of(ministack)
    client = ministack.client()

    before = S3Store(config).guard()
    client.put_bucket_versioning(Bucket=config.bucket, VersioningConfiguration={"Status": "Enabled"})
    client.put_object_lock_configuration(
        Bucket=config.bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}},
        },
    )

    assert str(before) == "バージョニング無効、ロックなし"
    after = S3Store(config).guard()
    assert str(after) == "バージョニング有効、ロック COMPLIANCE 30日"
    assert after.in_language("en") == "versioning enabled, lock COMPLIANCE 30 days"


def test_asking_for_the_protection_of_a_missing_bucket_is_refused(
    ministack: S3Server, bucket_of: BucketOf
) -> None:
    config = bucket_of(ministack, bucket="nobody-made-this")

    with pytest.raises(StoreTrouble, match="バケットがありません"):
        S3Store(config).guard()


def test_the_server_encrypts_on_request(ministack: S3Server, bucket_of: BucketOf) -> None:
    config = bucket_of(ministack, encryption="AES256")

    S3Store(config).put("a/x", b"1")

    head = ministack.client().head_object(Bucket=config.bucket, Key="shop/a/x")
    assert head["ServerSideEncryption"] == "AES256"


@pytest.mark.parametrize("checksum", ["sha256", "crc64nvme", "none"])
def test_every_checksum_is_accepted(ministack: S3Server, bucket_of: BucketOf, checksum: str) -> None:
    store = S3Store(bucket_of(ministack, checksum=checksum))

    _write(store, "a/big", pieces=8)

    assert [each.size for each in store.listing("a/")] == [8 * MIB]


def test_the_name_of_the_store_contains_no_secret(nanio: S3Server, bucket_of: BucketOf) -> None:
    config = bucket_of(nanio)

    assert S3Store(config).name == f"s3://{config.bucket}/shop"
    assert SECRET_KEY not in repr(config)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"bucket": "No_Bucket"}, "bucket"),
        ({"endpoint": "https://user:pass@s3.example.com"}, "endpoint"),
        ({"endpoint": "s3.example.com"}, "endpoint"),
        ({"access_key": "env:ONLY_ONE"}, "片方"),
        ({"kms_key": "alias/shop"}, "kms_key"),
        ({"encrypt_to": ["AGE-SECRET-KEY-1"]}, "age"),
        ({"part_mib": 4}, "part_mib"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_contradictory_settings_are_refused(keys: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        S3Config.model_validate({"bucket": "backups", **keys})


def _write(store: S3Store, key: str, *, pieces: int) -> None:
    with store.writer(key) as writer:
        for _ in range(pieces):
            writer.write(os.urandom(MIB))


def _cut_off(write: object, server: S3Server) -> None:
    """Write parts, then stop the server permanently."""
    assert callable(write)
    for _ in range(12):
        write(os.urandom(MIB))
    time.sleep(0.5)
    server.stop()
    for _ in range(40):
        write(os.urandom(MIB))
