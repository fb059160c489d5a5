"""Communication with RDS: a client, and its errors in clear words.

The API: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/Welcome.html. What RDS promises about
snapshots and points in time: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.rds.config import RdsBackup
from toban.engine import aws
from toban.engine.aws import code_of
from toban.engine.bindings.secret import SecretUnavailable
from toban.message import NOTHING, Message, lines, message_of, plain

_ATTEMPTS = 5
"""Attempts for one request that is throttled or unanswered, with growing pauses between them."""
_READ_TIMEOUT = 30.0
"""Seconds."""

_BUSY = Message("backup-engines.instance-busy")
_WORDS = {
    "SnapshotQuotaExceeded": Message("backup-engines.snapshots-at-limit"),
    "InstanceQuotaExceeded": Message("backup-engines.instances-at-limit"),
    "StorageQuotaExceeded": Message("backup-engines.storage-at-limit"),
    "DBInstanceNotFound": Message("backup-engines.no-such-instance"),
    "DBInstanceAlreadyExists": Message("backup-engines.instance-exists"),
    "InvalidDBInstanceState": _BUSY,
    "InvalidDBInstanceStateFault": _BUSY,
    "PointInTimeRestoreNotEnabled": Message("backup-engines.automated-backups-off"),
}
_HINTS = {
    "SnapshotQuotaExceeded": Message("backup-engines.remove-snapshots-or-raise-limit"),
    "PointInTimeRestoreNotEnabled": Message("backup-engines.turn-automated-backups-on"),
}


def connect(config: RdsBackup) -> Any:
    """Make a client; does not connect yet. Raises `BackupFailed` if a key is not available."""
    try:
        with asking():
            return aws.client("rds", config, read_timeout=_READ_TIMEOUT, attempts=_ATTEMPTS)
    except SecretUnavailable as error:
        raise BackupFailed(message_of(error), retry=False) from error


@contextmanager
def asking() -> Iterator[None]:
    """Raise an error of AWS, or of the connection to it, as `BackupFailed`."""
    try:
        yield
    except aws.FAULTS as error:
        raise _told(error) from error


def _told(error: aws.AwsError) -> BackupFailed:
    if isinstance(error, ClientError) and (code := code_of(error)) in _WORDS:
        said = str(error.response.get("Error", {}).get("Message", ""))
        what = lines(_WORDS[code], plain(f"{error.operation_name}: {code} {said}".rstrip()))
        return BackupFailed(what, hint=_HINTS.get(code, NOTHING), retry=_WORDS[code] is _BUSY)
    fault = aws.fault_of(error, "RDS")
    return BackupFailed(fault.words, retry=fault.passes)
