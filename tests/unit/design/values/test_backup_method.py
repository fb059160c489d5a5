"""The words for backup methods in documents."""

import pytest

from toban.design.values.backup_method import BackupMethod, read_backup_method


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("フルバックアップ", BackupMethod.FULL),
        ("完全バックアップ", BackupMethod.FULL),
        ("スナップショット", BackupMethod.FULL),
        ("pg_dump", BackupMethod.FULL),
        ("RDS自動バックアップ", BackupMethod.FULL),
        ("Full", BackupMethod.FULL),
        ("", BackupMethod.FULL),
        ("-", BackupMethod.FULL),
        ("日次バックアップ", BackupMethod.FULL),
        ("バックアップ", BackupMethod.FULL),
        ("増分バックアップ", BackupMethod.INCREMENTAL),
        ("差分", BackupMethod.INCREMENTAL),
        ("Incremental backup", BackupMethod.INCREMENTAL),
        ("バージョニング", BackupMethod.VERSIONING),
        ("S3 Versioning", BackupMethod.VERSIONING),
        ("WALアーカイブ", BackupMethod.LOG),
        ("ポイントインタイムリカバリ", BackupMethod.LOG),
        ("レプリケーション", None),
        ("フル + 増分", None),
    ],
)
def test_backup_methods_are_recognised(text: str, method: BackupMethod | None) -> None:
    assert read_backup_method(text) is method
