"""What `toban init` proposes for chapter 4: where backups go, and how each subject is backed up. Pure."""

import re
from collections.abc import Iterator, Mapping

from toban.chapters.backup.engine import ENGINE_KINDS, EngineKind
from toban.design.clauses.backup import BackupPolicy
from toban.design.reader import Design
from toban.design.values.backup_method import BackupMethod, read_backup_method
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds
from toban.engine.stores.store import STORE_KINDS

_ENGINES = ("native", "pg_dump")
"""The first of these that is registered is proposed for copies of a database."""
_POSTGRES = re.compile(r"postgres|^db$|^データベース$|^database$", re.IGNORECASE)
_AMAZON = re.compile(r"s3|minio|バケット|オブジェクト|bucket", re.IGNORECASE)


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield the stores and subjects that the rows of *design* ask for and *kinds* can serve."""
    store_kinds, engine_kinds = kinds.of(STORE_KINDS), kinds.of(ENGINE_KINDS)
    stores: dict[str, list[BackupPolicy]] = {}
    subjects: dict[str, list[BackupPolicy]] = {}
    for row in design.of(BackupPolicy):
        subjects.setdefault(row.subject, []).append(row)
        if row.destination and read_backup_method(row.method) is not BackupMethod.VERSIONING:
            stores.setdefault(row.destination, []).append(row)
    for name, rows in stores.items():
        kind = "s3" if _AMAZON.search(name) else "directory"
        if kind in store_kinds:
            yield OpenTable("stores", name, rows, [BindingProposal(kind, store_kinds[kind].config)])
    for name, rows in subjects.items():
        kind = _engine(name, rows, engine_kinds)
        if kind:
            yield OpenTable("backups", name, rows, [BindingProposal(kind, engine_kinds[kind].config)])


def _engine(subject: str, rows: list[BackupPolicy], kinds: Mapping[str, EngineKind]) -> str:
    """Return the kind to propose; empty if none is known to fit."""
    if all(read_backup_method(row.method) is BackupMethod.VERSIONING for row in rows):
        return next((name for name, kind in kinds.items() if kind.keeps_versions), "")
    if not _POSTGRES.search(subject):
        return ""
    return next((name for name in _ENGINES if name in kinds), "")
