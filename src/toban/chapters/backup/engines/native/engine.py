"""The native engine: PostgreSQL 17 and later, over its replication protocol. See docs/adr/0006."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toban.chapters.backup.engine import (
    ActWatch,
    BackupCheck,
    BackupFailed,
    Method,
    RestoredBackup,
    RestoreOrder,
    TakenBackup,
    TransactionSnapshot,
)
from toban.chapters.backup.engines.native.checking import verify as verifying
from toban.chapters.backup.engines.native.checking.doubts import server_doubts
from toban.chapters.backup.engines.native.config import METHODS, NativeBackup
from toban.chapters.backup.engines.native.log.wal import WalSource, follow
from toban.chapters.backup.engines.native.protocol.replication import Replication, ReplicationRefusal
from toban.chapters.backup.engines.native.protocol.segments import WalSegment, log_folder, position, read_key
from toban.chapters.backup.engines.native.protocol.server import look
from toban.chapters.backup.engines.native.restoring import by_hand, recover
from toban.chapters.backup.engines.native.taking import moment
from toban.chapters.backup.engines.native.taking.pack import Compression
from toban.chapters.backup.engines.native.taking.take import ClusterSource, take
from toban.chapters.backup.following.following import FollowingControl, LogBook
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.stores.store import Store, StoreTrouble, folder_of
from toban.engine.trial import Doubt
from toban.message import Message, message_of

_PATIENCE = 60.0
"""Seconds that a drill waits for the newest log to arrive in the store."""


@dataclass(frozen=True, slots=True)
class Native:
    """Backs up one cluster."""

    subject: str
    config: NativeBackup
    store: Store

    @property
    def methods(self) -> frozenset[Method]:
        """Both."""
        return METHODS

    @property
    def source(self) -> ClusterSource:
        """What is backed up, and where to; raises `SecretUnavailable`."""
        compression = Compression(self.config.level, self.config.jobs)
        return ClusterSource(
            self.subject, self.config.dsn.reveal(), self.store, compression, self.config.checkpoint
        )

    def take(self, label: str, method: Method, parent: TakenBackup | None, watch: ActWatch) -> TakenBackup:
        """See `BackupEngine`."""
        try:
            source = self.source
        except SecretUnavailable as error:
            raise BackupFailed(message_of(error), retry=False) from error
        return take(source, label, method, parent, watch)

    def verify(self, taken: TakenBackup, watch: ActWatch) -> BackupCheck:
        """See `BackupEngine`."""
        return verifying.verify(self.store, taken, watch)

    def restore(self, order: RestoreOrder, watch: ActWatch) -> RestoredBackup:
        """See `BackupEngine`."""
        return recover.restore(self.store, self.subject, order, watch)

    def place_of(
        self, snapshots: Sequence[TransactionSnapshot], taken: TakenBackup, binaries: Path, watch: ActWatch
    ) -> tuple[int, str] | None:
        """See `FindsMoments`; waits a while for the log to arrive in the store."""
        if not self.config.wal:
            return None
        return moment.find(self.store, self.subject, taken, snapshots, binaries, watch, patience=_PATIENCE)

    def by_hand(self, order: RestoreOrder) -> Sequence[Message | str]:
        """See `KnownByHand`."""
        return by_hand.commands(order)

    def remove(self, taken: TakenBackup) -> None:
        """See `BackupEngine`."""
        folder = f"{folder_of(self.subject)}/{taken.label}/"
        self.store.delete([each.key for each in self.store.listing(folder)])

    def trim_log(self, oldest: TakenBackup) -> int:
        """Delete the log that no backup from *oldest* on needs; return how many objects were deleted."""
        unneeded = list(self._unneeded(oldest))
        self.store.delete(unneeded)
        return len(unneeded)

    @property
    def follows_log(self) -> bool:
        """See `FollowsLog`."""
        return self.config.wal

    def follow_log(self, book: LogBook, following: FollowingControl) -> None:
        """See `FollowsLog`."""
        try:
            dsn = self.config.dsn.reveal()
        except SecretUnavailable as error:
            raise BackupFailed(message_of(error), retry=False) from error
        config = self.config
        source = WalSource(self.subject, dsn, config.slot, self.store, config.level, config.wal_seconds)
        follow(source, book, following)

    def _unneeded(self, oldest: TakenBackup) -> Sequence[str]:
        if oldest.start is None:
            return ()
        size, start = int(str(oldest.facts["wal_segment_size"])), position(oldest.start.lsn)
        unneeded = []
        for listed in self.store.listing(log_folder(folder_of(self.subject), oldest.system_id)):
            found = read_key(listed.key)
            if found is None:
                continue
            segment = WalSegment.named(found.segment, size)
            # After a restore into the past, the same position may exist again on a later timeline.
            if segment.timeline <= oldest.start.timeline and segment.end <= start:
                unneeded.append(listed.key)
        return unneeded

    def doubts(self) -> Sequence[Doubt]:
        """See `BackupEngine`."""
        doubts: list[Doubt] = []
        try:
            next(iter(self.store.listing(f"{folder_of(self.subject)}/")), None)
        except StoreTrouble as error:
            doubts.append(message_of(error))
        try:
            dsn = self.config.dsn.reveal()
            found = look(dsn, self.config.slot)
            doubts += server_doubts(found, streams=self.config.wal, slot=self.config.slot)
            if found.server.may_replicate:
                doubts += _entrance(dsn)
        except (SecretUnavailable, ReplicationRefusal) as error:
            doubts.append(message_of(error))
        return doubts

    def close(self) -> None:
        """See `BackupEngine`; each operation has its own connection."""


def _entrance(dsn: str) -> Sequence[Doubt]:
    """Return why the server refuses replication, if it does: pg_hba.conf has separate lines for it."""
    try:
        with Replication(dsn):
            return ()
    except ReplicationRefusal as error:
        what = Message("backup-engines.replication-refused", error=message_of(error))
        return ((what, Message("backup-engines.allow-replication")),)
