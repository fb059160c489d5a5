"""Restores a native chain: written, merged, synced once; then the server itself recovers to the target."""

import ctypes
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from toban.chapters.backup.engine import ActWatch, BackupFailed, Method, RestoredBackup, RestoreOrder
from toban.chapters.backup.engines.native.log import log
from toban.chapters.backup.engines.native.log.log import Course
from toban.chapters.backup.engines.native.restoring import combine, fetch
from toban.chapters.backup.engines.native.restoring.combine import ChainPart, Tree
from toban.chapters.backup.engines.native.restoring.fetch import ReadProgress
from toban.engine.stores.store import Store, StoreTrouble
from toban.message import Message, message_of

UNFINISHED = ".toban-restoring"
"""A file that marks the folder until everything is there and on disk."""

_ORDER = re.compile(r"\s*(?:recovery_target\w*|restore_command|recovery_end_command)\s*=", re.IGNORECASE)

_libc = ctypes.CDLL(None, use_errno=True)


def restore(store: Store, subject: str, order: RestoreOrder, watch: ActWatch) -> RestoredBackup:
    """Write the data directory of *order*, ready to be started; raises `BackupFailed`.

    As it streams in, every byte is verified against what was recorded when it was backed up. A folder that an
    earlier attempt left unfinished is cleared and rewritten; any other must be empty. Until the end no server
    can be started on it. Tablespaces go to `{folder}.tablespaces/{oid}`, never to the source's places.
    """
    _refuse_broken(order)
    phases: dict[str, float] = {}
    try:
        with _timed(phases, "plan"):
            course = log.course(store, subject, order)
            parts = [
                ChainPart(fetch.archives(taken), fetch.manifest_of(store, taken)) for taken in order.chain
            ]
            _make_ready(order.into)
        _lay_down(store, order, parts, phases, watch)
        with _timed(phases, "log"):
            stop_at = log.bring(store, course, order, order.into / "pg_wal", watch)
            if lacking := log.covers(order.into / "pg_wal", order.chain[-1]):
                raise BackupFailed(
                    Message("backup-engines.backup-lacks-own-log", segment=lacking), retry=False
                )
            _order_recovery(order, course, stop_at)
            watch.say(Message("backup-engines.archives-nothing"))
        with _timed(phases, "sync"):
            _finish(order.into)
    except StoreTrouble as trouble:
        raise BackupFailed(message_of(trouble), retry=trouble.passing) from trouble
    except OSError as error:
        path = error.filename or order.into
        raise BackupFailed(Message("backup-engines.not-writable", path=path, error=error.strerror)) from error
    return RestoredBackup(order.into, phases)


def _refuse_broken(order: RestoreOrder) -> None:
    full, *increments = order.chain
    if full.method is not Method.FULL:
        raise BackupFailed(
            Message("backup-engines.increment-without-full", backup=full.label, full=full.parent), retry=False
        )
    for taken in increments:
        if (taken.parent, taken.system_id) != (full.label, full.system_id):
            raise BackupFailed(
                Message("backup-engines.increment-of-another-full", backup=taken.label, full=full.label),
                retry=False,
            )
    if len(increments) > 1:
        raise BackupFailed(Message("backup-engines.more-than-one-increment"), retry=False)


def _make_ready(folder: Path) -> None:
    spaces = _spaces_folder(folder)
    if (folder / UNFINISHED).exists():
        for each in [folder, spaces]:
            shutil.rmtree(each, ignore_errors=True)
    for each in [folder, spaces]:
        if each.exists() and any(each.iterdir()):
            raise BackupFailed(Message("backup-engines.folder-not-empty", folder=each), retry=False)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / UNFINISHED).touch(mode=0o600)


def _spaces_folder(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.tablespaces")


def _lay_down(
    store: Store, order: RestoreOrder, parts: list[ChainPart], phases: dict[str, float], watch: ActWatch
) -> None:
    tree = Tree(order.into)
    tree.link(fetch.spaces(order.chain[-1]), _spaces_folder(order.into))
    full, *increments = parts
    total = sum(archive.size for part in parts for archive in part.archives)
    progress = ReadProgress(watch, total, "fetched")
    with _timed(phases, "fetch"):
        needed = combine.built_upon(increments[0].manifest) if increments else None
        combine.lay_down(store, tree, full, progress, needed=needed)
    if increments:
        with _timed(phases, "combine"):
            combine.lay_down(store, tree, increments[0], progress)
    # Empty folders that the server expects to find.
    for name in ("pg_wal", "pg_wal/archive_status", "pg_wal/summaries"):
        tree.make_folder(name)


def _order_recovery(order: RestoreOrder, course: Course, stop_at: datetime | None) -> None:
    """Tell the server how far to recover, in the file that it reads for this since PostgreSQL 12."""
    folder = order.into
    file = folder / "postgresql.auto.conf"
    # Whatever encoding the source's settings are in, they are written back unchanged.
    written = file.read_bytes().decode("utf-8", "surrogateescape") if file.exists() else ""
    orders = recovery_settings(order, log.followed(course), stop_at)
    lines = "\n".join([*without_old_orders(written), "", *orders, *apart_from_source(order), ""])
    file.write_bytes(lines.encode("utf-8", "surrogateescape"))
    # At a target a server can pause; at the end of the log only a standby waits for its promotion.
    waits = order.pauses and not recovery_target(order, stop_at)
    (folder / ("standby.signal" if waits else "recovery.signal")).touch(mode=0o600)


def without_old_orders(settings: str) -> list[str]:
    """Return *settings* without the lines that order a recovery.

    A source that was itself restored still has its own target, and the server refuses to have two.
    """
    return [line for line in settings.splitlines() if not _ORDER.match(line)]


def recovery_settings(order: RestoreOrder, timeline: int, stop_at: datetime | None) -> list[str]:
    """Return the lines for `postgresql.auto.conf` that order the recovery."""
    return [
        f"# Restored by Toban from {order.chain[-1].label}.",
        # All the log that exists is in pg_wal already.
        "restore_command = 'false'",
        f"recovery_target_timeline = '{timeline}'",
        f"recovery_target_action = '{'pause' if order.pauses else 'promote'}'",
        *recovery_target(order, stop_at),
    ]


def recovery_target(order: RestoreOrder, stop_at: datetime | None) -> list[str]:
    """Return the settings that say where the recovery ends; none: at the end of the log."""
    if not order.follows_log:
        return ["recovery_target = 'immediate'"]
    if order.to_lsn:
        return [f"recovery_target_lsn = '{order.to_lsn}'", "recovery_target_inclusive = off"]
    if stop_at is not None:
        return [f"recovery_target_time = '{stop_at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"]
    return []


def apart_from_source(order: RestoreOrder) -> list[str]:
    """Return the settings that keep the restored server away from what the source's own settings name."""
    # It has the source's archive_command: two servers would write into one archive.
    lines = ["archive_mode = 'off'"]
    if order.pauses:
        # One that waits as a standby would follow the primary that the source has followed once.
        lines += ["primary_conninfo = ''", "hot_standby = 'on'"]
    return lines


def _finish(folder: Path) -> None:
    """Sync everything to disk in one go, and only then make it a data directory that a server accepts."""
    for each in (folder, _spaces_folder(folder)):
        if each.exists():
            _sync_file_system(each)
    Tree(folder).finish()
    (folder / UNFINISHED).unlink()
    for each in (folder / "global", folder, folder.parent):
        descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_file_system(folder: Path) -> None:
    """Sync the whole file system: one flush instead of thousands, one per file (syncfs(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _libc.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)


@contextmanager
def _timed(phases: dict[str, float], name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    phases[name] = time.monotonic() - began
