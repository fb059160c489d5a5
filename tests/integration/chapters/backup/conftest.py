"""Stores to back up into."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.chapters.backup import servers
from tests.integration.chapters.backup.servers import ACCESS_KEY, SECRET_KEY, S3Server

from toban.chapters.backup.stores.s3.config import S3Config
from toban.engine.bindings.secret import Secret


@pytest.fixture(scope="session")
def nanio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    folder = tmp_path_factory.mktemp("nanio") / "buckets"
    folder.mkdir()
    server = servers.nanio(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = servers.ministack(tmp_path_factory.mktemp("ministack"))
    server.start()
    yield server
    server.stop()


type BucketOf = Callable[..., S3Config]


@pytest.fixture
def bucket_of(tmp_path: Path) -> BucketOf:
    """Returns the config of a new bucket of a server; keys that are given override its own."""
    (tmp_path / "access").write_text(ACCESS_KEY)
    (tmp_path / "secret").write_text(SECRET_KEY)

    def make(server: S3Server, **keys: object) -> S3Config:
        name = f"bucket-{secrets.token_hex(6)}"
        server.client().create_bucket(Bucket=name)
        settings = {
            "bucket": name,
            "prefix": "shop",
            "endpoint": server.url,
            "region": "us-east-1",
            "access_key": Secret(f"file:{tmp_path / 'access'}"),
            "secret_key": Secret(f"file:{tmp_path / 'secret'}"),
            "part_mib": 5,
            "retry_for": "2秒",
        }
        return S3Config.model_validate({**settings, **keys})

    return make
