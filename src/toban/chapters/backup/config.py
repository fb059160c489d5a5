"""What `toban.toml` may say of backups."""

from collections.abc import Mapping
from dataclasses import dataclass

from toban.chapters.backup.engine import EngineKind, Method
from toban.engine.bindings.model import BatchBinding
from toban.engine.stores.store import StoreKind


class BackupBatch(BatchBinding):
    """`kind = "backup"` of a batch: the row of the batch table makes what a row of the policy asks for."""

    subject: str
    """The policy's word for what is backed up."""
    method: Method = Method.FULL


@dataclass(frozen=True, slots=True)
class Kinds:
    """What `kind = "…"` may say of backups."""

    engines: Mapping[str, EngineKind]
    stores: Mapping[str, StoreKind]
