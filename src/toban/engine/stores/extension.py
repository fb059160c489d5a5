"""The stores extension: places for files that are retained for long."""

from toban.engine.extension import Extension
from toban.engine.stores.store import STORE_KINDS

EXTENSION = Extension(
    name="stores",
    manual="backups.md",
    points=(STORE_KINDS,),
    kinds={"stores": {"s3": "toban.engine.stores.s3", "directory": "toban.engine.stores.directory"}},
    operation="toban.engine.stores.operation",
)
