"""The engine: RDS copies, keeps and restores; Toban decides when, and what is removed.

Snapshots are RDS's own and can't be read from outside: only AWS's word and a drill show that one is complete.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from toban.chapters.backup.engine import (
    ActWatch,
    BackupCheck,
    BackupFailed,
    Method,
    RestoredBackup,
    RestoreOrder,
    TakenBackup,
)
from toban.chapters.backup.engines.rds import requests
from toban.chapters.backup.engines.rds.aws import asking, connect
from toban.chapters.backup.engines.rds.config import METHODS, RdsBackup
from toban.engine.amounts import length
from toban.engine.aws import code_of
from toban.engine.stores.store import Store, StoredObject
from toban.engine.trial import Doubt
from toban.message import Message, plain

_GIB = 1 << 30
_POLL = 10.0
"""Seconds between two looks: RDS takes minutes, and throttles clients that ask too often."""

_AVAILABLE = "available"
_ENDS_BADLY = ("failed", "incompatible-", "inaccessible-", "storage-full", "deleting", "restore-error")


class Rds:
    """One DB instance. An interrupted operation continues inside AWS; the next attempt finds it there."""

    NAME = "rds"

    def __init__(self, subject: str, config: RdsBackup, store: Store | None, *, poll: float = _POLL) -> None:  # noqa: ARG002
        self._config = config
        self._poll = poll
        self._made: Any = None

    @property
    def methods(self) -> frozenset[Method]:
        """Full backups; RDS itself stores only what changed since the one before."""
        return METHODS

    def take(
        self,
        label: str,
        method: Method,
        parent: TakenBackup | None,  # noqa: ARG002 - a full backup has none
        watch: ActWatch,
    ) -> TakenBackup:
        """See `BackupEngine`. A snapshot that an earlier attempt began under *label* is waited for."""
        if method is not Method.FULL:
            raise BackupFailed(Message("backup-engines.snapshots-have-no-increments"), retry=False)
        _stop_if_asked(watch)
        started_at = datetime.now(UTC)
        name = requests.snapshot_name(self._config.instance, label)
        with asking(), _unless("DBSnapshotAlreadyExists"):
            self._client.create_db_snapshot(**requests.snapshot(self._config.instance, label))
        what = Message("backup-engines.snapshot", name=name)
        watch.say(Message("backup-engines.waiting-for", what=what))
        found = self._wait(lambda: self._snapshot(name), what, watch)
        return self._taken(label, found, started_at)

    def verify(self, taken: TakenBackup, watch: ActWatch) -> BackupCheck:  # noqa: ARG002 - it takes a moment
        """Ask RDS for the snapshot's state; its content can't be read."""
        name = str(taken.facts["snapshot"])
        found = self._snapshot(name)
        if found is None:
            return BackupCheck(
                is_whole=False, troubles=[Message("backup-engines.snapshot-missing", name=name)]
            )
        if found["Status"] != _AVAILABLE:
            trouble = Message(
                "backup-engines.in-state",
                what=Message("backup-engines.snapshot", name=name),
                state=found["Status"],
            )
            return BackupCheck(is_whole=False, troubles=[trouble])
        return BackupCheck(is_whole=True)

    def restore(self, order: RestoreOrder, watch: ActWatch) -> RestoredBackup:
        """Restore it as a new instance, named `order.server` or after the old one and the time."""
        taken, began = order.chain[-1], time.monotonic()
        source = self._instance()
        target = order.server or requests.restored_name(self._config.instance, datetime.now(UTC))
        with asking():
            if source is not None and order.follows_log and self._goes_to(order.to, source, taken):
                self._client.restore_db_instance_to_point_in_time(
                    **requests.to_moment(target, source, order.to)
                )
            else:
                name = str(taken.facts["snapshot"])
                self._client.restore_db_instance_from_db_snapshot(
                    **requests.from_snapshot(name, target, source)
                )
        what = Message("backup-engines.instance", name=target)
        watch.say(Message("backup-engines.waiting-for", what=what))
        found = self._wait(lambda: self._instance(target), what, watch)
        endpoint = found.get("Endpoint") or {}
        address = f"{endpoint.get('Address', '')}:{endpoint.get('Port', '')}"
        watch.say(Message("backup-engines.restored-as", name=target, address=address))
        return RestoredBackup(None, {"restore": round(time.monotonic() - began, 3)}, target)

    def remove(self, taken: TakenBackup) -> None:
        """See `BackupEngine`."""
        with asking(), _unless("DBSnapshotNotFound", "DBSnapshotNotFoundFault"):
            self._client.delete_db_snapshot(DBSnapshotIdentifier=str(taken.facts["snapshot"]))

    def newest_moment(self) -> datetime | None:
        """Return how far RDS's own log goes: `LatestRestorableTime`, promised to be at most five minutes ago.

        None if automated backups are off: then only snapshots can be restored.
        """
        source = self._instance()
        if source is None or not source.get("BackupRetentionPeriod"):
            return None
        latest: datetime | None = source.get("LatestRestorableTime")
        return latest

    def doubts(self) -> Sequence[Doubt]:
        """See `BackupEngine`."""
        try:
            source = self._instance()
        except BackupFailed as error:
            return (error.doubt,)
        name = self._config.instance
        if source is None:
            return (Message("backup-engines.instance-missing", name=name, region=self._config.region),)
        found: list[Doubt] = []
        if (state := source.get("DBInstanceStatus")) != _AVAILABLE:
            found.append(
                Message(
                    "backup-engines.in-state", what=Message("backup-engines.instance", name=name), state=state
                )
            )
        if not source.get("BackupRetentionPeriod"):
            hint = Message("backup-engines.set-retention-period")
            found.append((Message("backup-engines.no-points-in-time"), hint))
        return found

    def close(self) -> None:
        """Close connections."""
        if self._made is not None:
            self._made.close()
            self._made = None

    @property
    def _client(self) -> Any:
        if self._made is None:
            self._made = connect(self._config)
        return self._made

    def _snapshot(self, name: str) -> Mapping[str, Any] | None:
        with asking(), _unless("DBSnapshotNotFound", "DBSnapshotNotFoundFault"):
            answer = self._client.describe_db_snapshots(DBSnapshotIdentifier=name)
            return next(iter(answer["DBSnapshots"]), None)
        return None

    def _instance(self, name: str = "") -> Mapping[str, Any] | None:
        with asking(), _unless("DBInstanceNotFound", "DBInstanceNotFoundFault"):
            answer = self._client.describe_db_instances(DBInstanceIdentifier=name or self._config.instance)
            return next(iter(answer["DBInstances"]), None)
        return None

    def _goes_to(self, moment: datetime | None, source: Mapping[str, Any], taken: TakenBackup) -> bool:
        """Whether RDS's log leads to *moment* (None: anywhere); raises `BackupFailed` if nothing does."""
        latest = source.get("LatestRestorableTime") if source.get("BackupRetentionPeriod") else None
        if moment is None or moment == taken.restorable_to:
            return latest is not None and moment is None
        if latest is None or moment > latest:
            wanted = moment.isoformat()
            raise BackupFailed(
                Message("backup-engines.moment-beyond-log", moment=wanted, latest=latest.isoformat())
                if latest
                else Message("backup-engines.moment-not-the-snapshots", moment=wanted),
                retry=False,
            )
        return True

    def _wait(
        self, look: Callable[[], Mapping[str, Any] | None], what: Message, watch: ActWatch
    ) -> Mapping[str, Any]:
        """Poll until it is available, or raise `BackupFailed`."""
        deadline = time.monotonic() + self._config.patience.total_seconds()
        while True:
            found = look() or {}
            state = str(found.get("Status") or found.get("DBInstanceStatus") or "creating")
            if state == _AVAILABLE:
                return found
            if state.startswith(_ENDS_BADLY):
                raise BackupFailed(Message("backup-engines.in-state", what=what, state=state))
            watch.progress(found.get("PercentProgress"), plain(state))
            if time.monotonic() >= deadline:
                patience = length(self._config.patience)
                raise BackupFailed(
                    Message("backup-engines.not-ready-in-time", what=what, patience=patience, state=state)
                )
            self._pause(watch)

    def _pause(self, watch: ActWatch) -> None:
        until = time.monotonic() + self._poll
        while True:
            _stop_if_asked(watch)
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.5))

    def _taken(self, label: str, found: Mapping[str, Any], started_at: datetime) -> TakenBackup:
        name = str(found["DBSnapshotIdentifier"])
        return TakenBackup(
            label=label,
            method=Method.FULL,
            engine=self.NAME,
            engine_version=f"boto3 {boto3.__version__}",
            server_version=f"{found['EngineVersion']}",
            system_id=str(found.get("DbiResourceId") or found["DBInstanceIdentifier"]),
            started_at=started_at,
            ended_at=datetime.now(UTC),
            # The newest transaction in it; older responses only have the time when it was made.
            restorable_to=(found.get("SnapshotDatabaseTime") or found["SnapshotCreateTime"]).astimezone(UTC),
            objects=(StoredObject(str(found["DBSnapshotArn"]), 0, sha256=""),),
            source_bytes=int(found["AllocatedStorage"]) * _GIB,
            facts={
                "snapshot": name,
                "instance": found["DBInstanceIdentifier"],
                "region": self._config.region,
                "database": found["Engine"],
                "encrypted": bool(found.get("Encrypted")),
            },
        )


def _stop_if_asked(watch: ActWatch) -> None:
    reason = watch.why_stop()
    if reason is not None:
        raise BackupFailed(Message("backup-engines.stopped", reason=reason))


@contextmanager
def _unless(*codes: str) -> Iterator[None]:
    """Ignore errors with one of *codes*: they are no problem here."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in codes:
            raise
