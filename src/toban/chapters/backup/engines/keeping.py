"""By what settings backups are removed where they are, beside the policy's rows. See `COMPARED_SETTINGS`."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

from toban.chapters.backup.engine import (
    BACKUPS,
    ENGINE_KINDS,
    BackupFailed,
    EngineKind,
    KeepsByItself,
)
from toban.design.clauses.backup import BackupPolicy
from toban.design.stated.value import StatedValue
from toban.design.stated.values import BACKUP_GENERATIONS, BACKUP_RETENTION
from toban.design.values.backup_method import BackupMethod, read_backup_method
from toban.engine.drift.setting import ComparedSetting, SettingUnknown
from toban.engine.editions.edition import Edition
from toban.engine.stores.store import StoreTrouble
from toban.message import message_of


def settings(edition: Edition) -> Iterator[ComparedSetting]:
    """Yield what removes the copies of each row whose place has settings of its own."""
    bound, kinds = BACKUPS.of(edition.bindings), edition.kinds.of(ENGINE_KINDS)
    for row in edition.design.of(BackupPolicy):
        entry = bound.get(row.subject)
        kind = kinds[entry.kind] if entry is not None else None
        if entry is None or kind is None or kind.keeping is None:
            continue
        for value in (BACKUP_RETENTION, BACKUP_GENERATIONS):
            yield ComparedSetting(
                row=row,
                value=value,
                place=kind.keeping(entry.config),
                look=partial(_kept, kind, entry.config, row, value),
            )


def _kept(kind: EngineKind, config: Any, row: BackupPolicy, value: StatedValue[Any]) -> str | None:
    with closing(kind.build(row.subject, config, None)) as engine:
        if not isinstance(engine, KeepsByItself):
            return None
        try:
            kept = engine.own_keeping(read_backup_method(row.method) or BackupMethod.FULL)
        except (BackupFailed, StoreTrouble) as unknown:
            raise SettingUnknown(message_of(unknown)) from unknown
    return next((str(each) for each in kept if value.read(str(each)) is not None), None)
