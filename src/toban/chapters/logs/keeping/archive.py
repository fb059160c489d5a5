"""The archive: days of logs as Parquet files in a store, written before deletion, and read back on demand."""

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory
from typing import Protocol

import structlog
from pydantic import ValidationError

from toban.chapters.logs.keeping import archive_rules
from toban.chapters.logs.keeping.archive_rules import ArchiveManifest, ArchivePart
from toban.engine.stores.store import Store, StoreTrouble
from toban.engine.telemetry import parquet
from toban.engine.telemetry.logs.days import DayPart
from toban.engine.telemetry.logs.search import FoundRow, LogTerm, TimeSpan
from toban.engine.telemetry.logs.words import AUDIT
from toban.engine.telemetry.parquet import Figures, FileStretch, LogExport, UnreadableParquet
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.message import Message, message_of

_LEFT_FREE = 512 << 20
"""Bytes of the disk that a downloaded part must leave free."""

log = structlog.get_logger(__name__)


class NotArchived(Exception):
    """A day could not be archived, and must stay where it is; the message says why."""


class Archivist(Protocol):
    """Keeps days before they are deleted."""

    def takes(self, part: DayPart) -> bool:
        """Say whether *part* must be archived before it is deleted."""

    def keep(self, part: DayPart, now: datetime) -> str:
        """Archive *part*, unless already archived; return the manifest's key. Raises `NotArchived`."""


class LogArchive:
    """Days of logs in *store*; *kinds* are the archived kinds, None for all."""

    def __init__(self, store: Store, telemetry: Telemetry, kinds: frozenset[str] | None = None) -> None:
        self._store = store
        self._telemetry = telemetry
        self._kinds = kinds

    def takes(self, part: DayPart) -> bool:
        """See `Archivist`; spans are not logs."""
        return part.table == "logs" and (self._kinds is None or part.kind in self._kinds)

    def keep(self, part: DayPart, now: datetime) -> str:
        """See `Archivist`. After being killed here, it starts again under other names."""
        key = archive_rules.manifest_key(part.kind, part.day)
        written: list[str] = []
        try:
            if not self._holds(key, part):
                manifest = self._written(part, now, written)
                self._publish(key, manifest)
                log.info("log_day_archived", kind=part.kind, day=part.day.isoformat(), rows=manifest.rows)
        except (
            StoreTrouble,
            StoreUnavailable,
            StoreRefused,
            UnreadableParquet,
            OSError,
            TimeoutExpired,
        ) as error:
            self._discard(written)
            raise NotArchived(
                Message("logs.archive-trouble", store=self._store.name, trouble=message_of(error))
            ) from error
        except NotArchived:
            self._discard(written)
            raise
        return key

    def _holds(self, key: str, part: DayPart) -> bool:
        """Say whether all of *part* is already there: Toban was stopped before it could delete the rows.

        Raises `NotArchived` if other rows of its day are there: a new manifest would replace theirs.
        """
        if not any(each.key == key for each in self._store.listing(key)):
            return False
        manifest, export = _read(self._store, key), LogExport(self._telemetry, part)
        rows = sum(count for _, count, _ in export.minutes())
        if not rows:
            # Another worker was faster.
            return True
        if rows != manifest.rows or not all(_is_as_stored(each, export) for each in manifest.parts):
            folder = archive_rules.folder(part.kind, part.day)
            raise NotArchived(
                Message("logs.archive-has-other-rows", store=self._store.name, key=key, folder=folder)
            )
        sizes = {
            each.key: each.size for each in self._store.listing(archive_rules.folder(part.kind, part.day))
        }
        return all(sizes.get(each.key) == each.size for each in manifest.parts)

    def _written(self, part: DayPart, now: datetime, written: list[str]) -> ArchiveManifest:
        export = LogExport(self._telemetry, part)
        stretches = archive_rules.cut(export.minutes())
        if sum(each.rows for each in stretches) != part.rows:
            raise NotArchived(Message("logs.rows-changed-meanwhile", kind=part.kind, day=part.day))
        # Unique names: two workers may archive the same day, and neither may overwrite the other's files.
        attempt = archive_rules.folder(part.kind, part.day) + secrets.token_hex(4)
        parts = []
        for number, stretch in enumerate(stretches, 1):
            written.append(f"{attempt}-{number:04}.parquet")
            parts.append(self._put(export, stretch, written[-1]))
        return ArchiveManifest(
            kind=part.kind, day=part.day, rows=part.rows, written_at=now, parts=tuple(parts)
        )

    def _put(self, export: LogExport, stretch: FileStretch, key: str) -> ArchivePart:
        """Upload one stretch and read it back: only then does it count as archived."""
        told = export.figures(stretch.span)
        with self._store.writer(key) as writer:
            for piece in export.parquet(stretch.span):
                writer.write(piece)
        stored = writer.stored
        if [each.size for each in self._store.listing(key)] != [stored.size]:
            raise NotArchived(
                Message("logs.archive-part-not-listed", store=self._store.name, key=key, count=stored.size)
            )
        with _downloaded(self._store, key, stored.size, stored.sha256) as file:
            found = parquet.figures_of(file)
        if found != told or told.rows != stretch.rows:
            raise NotArchived(Message("logs.archive-part-differs", store=self._store.name, key=key))
        return ArchivePart(
            key=key,
            rows=told.rows,
            size=stored.size,
            sha256=stored.sha256,
            checksum=str(told.checksum),
            start=stretch.start,
            end=stretch.end,
        )

    def _publish(self, key: str, manifest: ArchiveManifest) -> None:
        self._store.put(key, manifest.model_dump_json(indent=1).encode())
        if _read(self._store, key) != manifest:
            raise NotArchived(Message("logs.archive-manifest-differs", store=self._store.name, key=key))

    def _discard(self, keys: Sequence[str]) -> None:
        with suppress(StoreTrouble):
            self._store.delete(keys)


class NoArchive:
    """Replaces an archive that is configured but missing: nothing is deleted in the meantime."""

    def __init__(self, why: Message) -> None:
        self._why = why

    def takes(self, part: DayPart) -> bool:
        """See `Archivist`."""
        return part.table == "logs"

    def keep(self, part: DayPart, now: datetime) -> str:  # noqa: ARG002 - the protocol's
        """See `Archivist`."""
        raise NotArchived(self._why)


class ShippedFirst:
    """Holds back rows of the audit log that are not outside yet; everything else is left to *inner*."""

    def __init__(self, inner: Archivist | None, trouble: Message) -> None:
        """Take the reason *trouble* why the audit log could not be shipped; nothing if it is outside."""
        self._inner = inner
        self._trouble = trouble

    def takes(self, part: DayPart) -> bool:
        """See `Archivist`."""
        return self._holds_back(part) or (self._inner is not None and self._inner.takes(part))

    def keep(self, part: DayPart, now: datetime) -> str:
        """See `Archivist`."""
        if self._holds_back(part):
            raise NotArchived(Message("logs.audit-log-not-shipped", trouble=self._trouble))
        return self._inner.keep(part, now) if self._inner is not None else ""

    def _holds_back(self, part: DayPart) -> bool:
        return part.kind == AUDIT and bool(self._trouble)


class ArchivedLogs:
    """Archived logs, for searching. All methods raise `StoreTrouble` and `UnreadableParquet`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def manifests(self, terms: Sequence[LogTerm], span: TimeSpan) -> list[ArchiveManifest]:
        """Return the days that may hold what *terms* ask for in *span*."""
        kinds = archive_rules.asked_kinds(terms)
        days = [
            (each.key, archive_rules.day_of(each.key)) for each in self._store.listing(archive_rules.prefix())
        ]
        keys = [key for key, day in days if day is not None and archive_rules.may_hold(day, span)]
        found = [_read(self._store, key) for key in keys]
        return [each for each in found if kinds is None or each.kind in kinds]

    def newest(
        self, manifests: Sequence[ArchiveManifest], terms: Sequence[LogTerm], span: TimeSpan, *, limit: int
    ) -> list[FoundRow]:
        """Return up to *limit* rows of *manifests*, newest first; only one part at a time is on this disk."""
        found: list[FoundRow] = []
        for part in archive_rules.newest_first(manifests, span):
            if len(found) >= limit and part.end <= found[-1].at:
                break
            with _downloaded(self._store, part.key, part.size, part.sha256) as file:
                found += parquet.newest(file, terms, span, limit=limit)
            found = sorted(found, key=lambda row: row.place, reverse=True)[:limit]
        return found


def _is_as_stored(part: ArchivePart, export: LogExport) -> bool:
    return export.figures(TimeSpan(part.start, part.end)) == Figures(part.rows, int(part.checksum))


def _read(store: Store, key: str) -> ArchiveManifest:
    try:
        return ArchiveManifest.model_validate_json(store.read(key))
    except ValidationError as error:
        raise StoreTrouble(Message("logs.archive-manifest-unreadable", store=store.name, key=key)) from error


@contextmanager
def _downloaded(store: Store, key: str, size: int, sha256: str) -> Iterator[Path]:
    """Download an object to a file for the duration of the block; raises `StoreTrouble`."""
    with TemporaryDirectory(prefix="toban-") as folder:
        free = shutil.disk_usage(folder).free
        if free < size + _LEFT_FREE:
            raise StoreTrouble(Message("logs.no-room-to-read-archive", key=key, count=size, folder=folder))
        path = Path(folder, "part.parquet")
        with path.open("wb") as file:
            for piece in store.stream(key, sha256=sha256):
                file.write(piece)
        yield path
