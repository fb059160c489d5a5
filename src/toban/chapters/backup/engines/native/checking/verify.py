"""Reads a whole stored backup, and compares it with what was recorded when it was made.

Damage in an increment must be found here: pg_combinebackup silently copies it into the restored files, and
pg_verifybackup finds no fault with them afterwards.
"""

from collections.abc import Iterator

from toban.chapters.backup.engine import ActWatch, BackupCheck, Damaged, TakenBackup
from toban.chapters.backup.engines.native.protocol.segments import position
from toban.chapters.backup.engines.native.restoring import fetch, incremental
from toban.chapters.backup.engines.native.restoring.fetch import (
    MemberContent,
    ReadProgress,
    StoredArchive,
)
from toban.chapters.backup.engines.native.restoring.incremental import BLOCK, BadIncrement
from toban.chapters.backup.engines.native.taking import pages
from toban.chapters.backup.engines.native.taking.archive import MemberKind
from toban.chapters.backup.engines.native.taking.manifest import BackupManifest
from toban.engine.stores.store import Store
from toban.message import Message, message_of

_PAGES = 128
"""Pages that are checked at once."""

_NAMED = 20
"""Missing files that are named one by one."""


def verify(store: Store, taken: TakenBackup, watch: ActWatch) -> BackupCheck:
    """Read every object of *taken*: stored SHA-256, manifest, each file's checksum, each page's.

    Problems are returned, not raised; only being stopped raises `BackupFailed`.
    """
    try:
        manifest = fetch.manifest_of(store, taken)
        parts = fetch.archives(taken)
    except Damaged as damage:
        return BackupCheck(False, (message_of(damage),))
    progress = ReadProgress(watch, sum(part.size for part in parts), "verified")
    reader = _BackupReader(store, taken, manifest, progress)
    found = fetch.side_by_side(reader.look, parts)
    troubles = [trouble for _, each in found for trouble in each]
    # A damaged archive lacks everything after the damage: naming all those files would bury the cause.
    missing = manifest.files.keys() - {path for paths, _ in found for path in paths}
    if missing and not troubles:
        troubles += [
            Message("backup-engines.file-in-no-archive", file=path) for path in sorted(missing)[:_NAMED]
        ]
    return BackupCheck(not troubles, tuple(troubles))


class _BackupReader:
    def __init__(
        self, store: Store, taken: TakenBackup, manifest: BackupManifest, progress: ReadProgress
    ) -> None:
        self._store = store
        self._manifest = manifest
        self._progress = progress
        self._start = position(taken.start.lsn) if taken.start else 0
        self._has_checksums = taken.facts.get("checksums") is True

    def look(self, archive: StoredArchive) -> tuple[set[str], list[Message]]:
        """Read *archive* to its end; return the files in it, and what is wrong with them."""
        seen: set[str] = set()
        troubles: list[Message] = []
        try:
            for member, content in fetch.walk(self._store, archive, self._manifest, self._progress):
                if member.kind is MemberKind.FILE:
                    seen.add(member.name)
                    troubles += [
                        Message("backup-engines.trouble-of", place=archive.key, trouble=each)
                        for each in self._wrong(content, member.size)
                    ]
        except Damaged as damage:
            troubles.append(message_of(damage))
        return seen, troubles

    def _wrong(self, content: MemberContent, size: int) -> Iterator[Message]:
        try:
            if incremental.is_incremental(content.path):
                yield from self._wrong_blocks(content, size)
            elif self._has_checksums and size % BLOCK == 0:
                yield from self._wrong_pages(content, size)
        except BadIncrement as error:
            yield Message("backup-engines.trouble-of", place=content.path, trouble=message_of(error))
        content.prove()

    def _wrong_blocks(self, content: MemberContent, size: int) -> Iterator[Message]:
        start = content.read(incremental.HEAD_BYTES)
        head = incremental.read_head(start, size)
        rest = content.read(head.header_bytes - incremental.HEAD_BYTES)
        numbers = incremental.read_numbers(start + rest, head)
        first = pages.first_block(incremental.whole_path(content.path))
        if self._has_checksums and first is not None:
            yield from self._damaged(content, [first + number for number in numbers])

    def _wrong_pages(self, content: MemberContent, size: int) -> Iterator[Message]:
        first = pages.first_block(content.path)
        if first is not None:
            yield from self._damaged(content, range(first, first + size // BLOCK))

    def _damaged(self, content: MemberContent, numbers: "list[int] | range") -> Iterator[Message]:
        for at in range(0, len(numbers), _PAGES):
            some = numbers[at : at + _PAGES]
            bad = pages.damaged(content.read(len(some) * BLOCK), some, before=self._start)
            if bad:
                trouble = Message("backup-engines.page-checksums-differ", pages=bad)
                yield Message("backup-engines.trouble-of", place=content.path, trouble=trouble)
