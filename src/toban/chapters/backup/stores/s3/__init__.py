"""Buckets of S3, or of what speaks its protocol."""

from toban.chapters.backup.store import Store, StoreKind
from toban.chapters.backup.stores.s3.config import S3Config
from toban.chapters.backup.stores.s3.store import S3Store
from toban.chapters.backup.stores.sealed import SealedStore


def _build(config: S3Config) -> Store:
    return SealedStore(S3Store(config), config)


KIND = StoreKind(S3Config, _build)
