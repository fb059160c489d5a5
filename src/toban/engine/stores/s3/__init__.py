"""Buckets of S3, or of a server that speaks its protocol."""

from toban.engine.stores.s3.config import S3Config
from toban.engine.stores.sealed import SealedStore
from toban.engine.stores.store import Store, StoreKind


def _build(config: S3Config) -> Store:
    # This loads the bucket's clients: commands that only read the bindings should not wait for them.
    from toban.engine.stores.s3.store import S3Store  # noqa: PLC0415

    return SealedStore(S3Store(config), config)


KIND = StoreKind(S3Config, _build)
