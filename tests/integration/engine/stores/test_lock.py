"""Object lock, with servers that enforce it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.integration.buckets import ACCESS_KEY, SECRET_KEY, S3Server
from tests.integration.moto import moto_server

from toban.engine.bindings.secret import Secret
from toban.engine.stores import s3
from toban.engine.stores.s3.config import S3Config
from toban.engine.stores.store import Store

IN_A_YEAR = datetime(2027, 11, 27, tzinfo=UTC)


def locking(url: str, folder: Path) -> tuple[Store, Any]:
    """Return a store on a new bucket with object lock, and a client of the server."""
    (folder / "access").write_text(ACCESS_KEY)
    (folder / "secret").write_text(SECRET_KEY)
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
    )  # fmt: skip
    client.create_bucket(Bucket="audit", ObjectLockEnabledForBucket=True)
    config = S3Config(
        bucket="audit",
        prefix="shop",
        endpoint=url,
        region="us-east-1",
        access_key=Secret(f"file:{folder / 'access'}"),
        secret_key=Secret(f"file:{folder / 'secret'}"),
    )
    return s3.KIND.build(config), client


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_a_lock_is_reported_and_enforced_by_the_server(
    tmp_path: Path, mode: str, ministack_of_its_own: Callable[[], S3Server]
) -> None:
    store, client = locking(ministack_of_its_own().url, tmp_path)
    store.add("evidence/1", b"first")

    told = store.lock("evidence/1", IN_A_YEAR, mode)

    version = client.list_object_versions(Bucket="audit")["Versions"][0]["VersionId"]
    assert told == f"{mode} 2027-11-27"
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket="audit", Key="shop/evidence/1", VersionId=version)


@pytest.mark.slow
def test_a_lock_is_also_accepted_by_another_server_implementation(tmp_path: Path) -> None:
    with moto_server(tmp_path) as url:
        store, client = locking(url, tmp_path)
        store.add("evidence/1", b"first")

        told = store.lock("evidence/1", IN_A_YEAR, "COMPLIANCE")

        held = client.head_object(Bucket="audit", Key="shop/evidence/1")
        with pytest.raises(ClientError, match="AccessDenied"):
            client.delete_object(Bucket="audit", Key="shop/evidence/1", VersionId=held["VersionId"])
    assert told == "COMPLIANCE 2027-11-27"
    assert held["ObjectLockRetainUntilDate"] - IN_A_YEAR == timedelta()
