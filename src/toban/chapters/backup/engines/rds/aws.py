"""Communication with RDS: a client, and its errors in clear words.

The API: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/Welcome.html. What RDS promises about
snapshots and points in time: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.rds.config import RdsBackup
from toban.engine import aws
from toban.engine.aws import code_of
from toban.engine.bindings.secret import SecretUnavailable

_ATTEMPTS = 5
"""Attempts for one request that is throttled or unanswered, with growing pauses between them."""
_READ_TIMEOUT = 30.0
"""Seconds."""

_WORDS = {
    "SnapshotQuotaExceeded": (
        "手動スナップショットの数が上限です\nHINT: 古いものを消すか、Service Quotas で上限を上げてください",
        False,
    ),
    "InstanceQuotaExceeded": ("インスタンスの数が上限です", False),
    "StorageQuotaExceeded": ("ストレージの合計が上限です", False),
    "DBInstanceNotFound": ("DB インスタンスがありません", False),
    "DBInstanceAlreadyExists": ("同じ名の DB インスタンスがあります", False),
    "InvalidDBInstanceState": ("DB インスタンスがいま受け付けない状態です", True),
    "InvalidDBInstanceStateFault": ("DB インスタンスがいま受け付けない状態です", True),
    "PointInTimeRestoreNotEnabled": (
        "自動バックアップが切られています\nHINT: BackupRetentionPeriod を 1 日以上にしてください",
        False,
    ),
}


def connect(config: RdsBackup) -> Any:
    """Make a client; does not connect yet. Raises `BackupFailed` if a key is not available."""
    try:
        with asking():
            return aws.client("rds", config, read_timeout=_READ_TIMEOUT, attempts=_ATTEMPTS)
    except SecretUnavailable as error:
        raise BackupFailed(str(error), retry=False) from error


@contextmanager
def asking() -> Iterator[None]:
    """Raise an error of AWS, or of the connection to it, as `BackupFailed`."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise _told(error) from error


def _told(error: ClientError | BotoCoreError) -> BackupFailed:
    if isinstance(error, ClientError) and (code := code_of(error)) in _WORDS:
        words, passes = _WORDS[code]
        said = str(error.response.get("Error", {}).get("Message", ""))
        return BackupFailed(f"{words}\n{error.operation_name}: {code} {said}".rstrip(), retry=passes)
    fault = aws.fault_of(error, "RDS")
    return BackupFailed(fault.words, retry=fault.passes)
