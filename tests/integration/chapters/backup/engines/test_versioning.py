"""The settings of a real bucket: read, compared, corrected, and reported on the page."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.integration.buckets import BucketOf, S3Server
from tests.integration.chapters.backup.engines.watching import text_of
from tests.registered import schema

from toban.chapters.backup import upkeep
from toban.chapters.backup.engines import versioning
from toban.chapters.backup.engines.versioning.config import VersioningBackup
from toban.chapters.backup.engines.versioning.engine import Bucket
from toban.chapters.backup.service import Backups
from toban.chapters.backup.works import plan
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.notify.models import Alert
from toban.engine.registry.kinds import Kinds
from toban.engine.stores.store import StoreTrouble

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
ROW = "backup/backup-policy/S3ファイル/バージョニング"
DOCUMENT = """# 運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| S3ファイル | バージョニング | リアルタイム | - | S3 | 30日 |

### RPO/RTO
| 項目 | 目標値 |
|---|---|
| RPO (復旧時点目標) | 1時間 |
"""


def bucket(bucket_of: BucketOf, server: S3Server, **keys: object) -> VersioningBackup:
    config = dict(bucket_of(server, **keys))
    address = {key: config[key] for key in ("bucket", "region", "endpoint", "access_key", "secret_key")}
    return VersioningBackup.model_validate(address)


def test_a_new_bucket_is_configured_until_it_matches_the_document(
    ministack: S3Server, bucket_of: BucketOf
) -> None:
    config = bucket(bucket_of, ministack)
    client = ministack.client()
    others = {
        "ID": "abort",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    client.put_bucket_lifecycle_configuration(
        Bucket=config.bucket, LifecycleConfiguration={"Rules": [others]}
    )

    changes = Bucket(config).mend(30)

    assert [str(each).partition("」")[0] for each in changes] == [
        "バージョニングを有効にする",
        "規則「toban-former-versions",
    ]
    assert client.get_bucket_versioning(Bucket=config.bucket)["Status"] == "Enabled"
    rules = client.get_bucket_lifecycle_configuration(Bucket=config.bucket)["Rules"]
    assert [each["ID"] for each in rules] == ["abort", "toban-former-versions"]
    assert Bucket(config).look(30).changes == ()
    assert Bucket(config).mend(30) == ()


def test_the_object_lock_of_a_bucket_is_recognised(ministack: S3Server, bucket_of: BucketOf) -> None:
    config = bucket(bucket_of, ministack)
    client = ministack.client()
    client.put_bucket_versioning(Bucket=config.bucket, VersioningConfiguration={"Status": "Enabled"})
    client.put_object_lock_configuration(
        Bucket=config.bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}},
        },
    )

    assert "ロック GOVERNANCE 30日" in str(Bucket(config).look(None).value)


def test_a_missing_bucket_is_reported(ministack: S3Server, bucket_of: BucketOf) -> None:
    config = bucket(bucket_of, ministack, bucket="nobody-made-this")

    with pytest.raises(StoreTrouble, match="バケットがありません"):
        Bucket(config).look(30)
    assert "バケットがありません" in text_of(Bucket(config).doubts()[0])


@pytest.mark.django_db
def test_the_row_follows_the_bucket(ministack: S3Server, bucket_of: BucketOf, tmp_path: Path) -> None:
    config = bucket(bucket_of, ministack)
    kinds = Kinds.given(backups={"versioning": versioning.KIND}, stores={})
    text = (
        f'[backups."S3ファイル"]\nkind = "versioning"\nbucket = "{config.bucket}"\n'
        f'region = "us-east-1"\nendpoint = "{ministack.url}"\n'
        f'access_key = "{config.access_key}"\nsecret_key = "{config.secret_key}"\n'
    )
    bindings = read_bindings(text, tmp_path / "toban.toml", schema(backups={"versioning": VersioningBackup}))
    design = read_design(DOCUMENT, "運用設計書.md")
    made = plan(design, bindings, kinds, clock=lambda: NOON)
    backups = Backups(lambda: NOON, lambda _: None)
    backups.adopt(made, bindings.system, design.digest)

    backups.tell()
    unseen = ClauseStatus.objects.get(clause_id=ROW).verdict
    backups.look()
    backups.tell()
    wrong = ClauseStatus.objects.get(clause_id=ROW)
    (guard,) = made.guards
    upkeep.mend(guard, by="nami", digest=design.digest)
    # A new version in force is checked however recently the settings were checked.
    backups.adopt(replace(made), bindings.system, design.digest)
    backups.look()
    backups.tell()

    assert (unseen, wrong.verdict) == ("not-measurable", "deviating")
    assert "toban backup fix-bucket S3ファイル" in str(wrong.reason)
    right = ClauseStatus.objects.get(clause_id=ROW)
    assert (right.verdict, str(right.value)) == ("conforming", "バージョニング有効、旧版 30日")
    assert Alert.objects.get(key=ROW).resolved_at is not None
    audit = LedgerEntry.objects.get(kind="audit")
    assert (audit.actor, audit.clause_id) == ("nami", ROW)
    assert "接続したバックアップ" in str(made.unbound["backup/recovery-objective/RPO"])


def test_an_unbound_row_says_what_to_write() -> None:
    design = read_design(DOCUMENT, "運用設計書.md")
    bindings = read_bindings("", Path("toban.toml"), schema())

    made = plan(design, bindings, Kinds.given(backups={"versioning": versioning.KIND}, stores={}))

    assert 'kind = "versioning"' in str(made.unbound[ROW])
