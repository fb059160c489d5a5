"""The conversation with RDS: a client, and its faults in clear words.

The API: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/Welcome.html. What RDS promises of
snapshots and points in time: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.rds.config import RdsBackup
from toban.engine.bindings.secret import SecretUnavailable

_ATTEMPTS = 5
"""Of one request, throttled or unanswered, with growing pauses between."""

_KEYS = "鍵か権限が正しくありません"
_WORDS = {
    "InvalidClientTokenId": (_KEYS, False),
    "SignatureDoesNotMatch": (_KEYS, False),
    "AuthFailure": (_KEYS, False),
    "AccessDenied": ("権限がありません", False),
    "AccessDeniedException": ("権限がありません", False),
    "UnauthorizedOperation": ("権限がありません", False),
    "ExpiredToken": ("一時的な鍵の期限が切れています", False),
    "ExpiredTokenException": ("一時的な鍵の期限が切れています", False),
    "Throttling": ("AWS が要求を絞っています", True),
    "ThrottlingException": ("AWS が要求を絞っています", True),
    "RequestLimitExceeded": ("AWS が要求を絞っています", True),
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
    """Make a client; connects to nothing yet. Raises `BackupFailed` where a key can't be had."""
    keys = {}
    try:
        if config.access_key is not None and config.secret_key is not None:
            keys["aws_access_key_id"] = config.access_key.reveal()
            keys["aws_secret_access_key"] = config.secret_key.reveal()
    except SecretUnavailable as error:
        raise BackupFailed(str(error), retry=False) from error
    with asking():
        return boto3.client(
            "rds",
            region_name=config.region,
            endpoint_url=config.endpoint_url or None,
            config=Config(
                connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": _ATTEMPTS}
            ),
            **keys,
        )


@contextmanager
def asking() -> Iterator[None]:
    """Tell a fault of AWS or of the way there as `BackupFailed`."""
    try:
        yield
    except ClientError as error:
        raise _told(error) from error
    except (EndpointConnectionError, HTTPClientError) as error:
        raise BackupFailed(f"RDS に届きません: {error}") from error
    except BotoCoreError as error:
        # No credentials, no such region: asking again changes nothing.
        raise BackupFailed(f"RDS に尋ねられません: {error}", retry=False) from error


def code_of(error: ClientError) -> str:
    """Return the code of a fault: `DBSnapshotAlreadyExists`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _told(error: ClientError) -> BackupFailed:
    code = code_of(error)
    said = str(error.response.get("Error", {}).get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    words, passes = _WORDS.get(code, ("RDS が断りました", status >= 500))
    return BackupFailed(f"{words}\n{error.operation_name}: {code} {said}".rstrip(), retry=passes)
