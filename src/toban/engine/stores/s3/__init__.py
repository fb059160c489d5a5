"""Buckets of S3, or of what speaks its protocol."""

from toban.engine.stores.s3.config import S3Config
from toban.engine.stores.s3.store import S3Store
from toban.engine.stores.sealed import SealedStore
from toban.engine.stores.store import Store, StoreKind


def _build(config: S3Config) -> Store:
    return SealedStore(S3Store(config), config)


KIND = StoreKind(S3Config, _build)
