"""A shop whose log group, bucket and crontab are real ones (AWS by moto's server), beside its document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import boto3
from tests.registered import PARTS

from toban.design.reader import load_design
from toban.engine.bindings.load import read_bindings
from toban.engine.drift import looking
from toban.engine.drift.found import FoundSetting, found_settings
from toban.engine.editions.edition import Edition

REGION = "ap-northeast-1"
MONDAY = datetime(2026, 11, 30, 10, tzinfo=ZoneInfo("Asia/Tokyo"))
HOUR = timedelta(hours=1)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 佐藤 | 平日9:00-18:00 |
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTPリクエスト | CloudWatch Logs | 90日 |
| エラーログ | エラー詳細 | CloudWatch Logs | 180日 |
| 監査ログ | 重要操作 | S3 | 1年 |
## 4. バックアップ・リストア
### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 (深夜2:00) | 30世代 | S3 | 30日 |
| S3ファイル | バージョニング | リアルタイム | - | S3 | 30日 |
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B001 | 集計 | 日次 | 深夜3:00 | 集計 | アラート |
"""
ACCESS = "logs/log-kind/アクセスログ"
BINDINGS = """
[log_sources.access]
kind = "cloudwatch"
{aws}
group = "{group}"
log = "アクセスログ"

[backups."S3ファイル"]
kind = "versioning"
{aws_bucket}
bucket = "{bucket}"

[backups.PostgreSQL]
kind = "pgbackrest"
stanza = "main"
config = "{folder}/pgbackrest.conf"

[crontabs.batch-1]
path = "{folder}/crontab"
"""


@dataclass
class Place:
    """The shop; everything in it is as the document says until a test changes it."""

    folder: Path
    url: str
    now: datetime = MONDAY
    more: str = ""
    group: str = field(default_factory=lambda: f"/ecs/{uuid4().hex}")
    bucket: str = field(default_factory=lambda: f"shop-{uuid4().hex}")

    def __post_init__(self) -> None:
        self.document.write_text(DOCUMENT, encoding="utf-8")
        self.crontab("0 3 * * * /srv/aggregate B001\n")
        self.keep_backups("repo1-retention-full=30")
        self.logs.create_log_group(logGroupName=self.group)
        self.keep_logs(90)
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        self.keep_versions(30)

    @property
    def document(self) -> Path:
        return self.folder / "運用設計書.md"

    @property
    def logs(self) -> Any:
        return self._client("logs")

    @property
    def s3(self) -> Any:
        return self._client("s3")

    @property
    def edition(self) -> Edition:
        """Document and bindings as they are now."""
        access = 'access_key = "env:AWS_ACCESS"\nsecret_key = "env:AWS_SECRET"'
        aws = f'region = "{REGION}"\nendpoint_url = "{self.url}"\n{access}'
        of_bucket = aws.replace("endpoint_url", "endpoint")
        text = BINDINGS.format(
            aws=aws, aws_bucket=of_bucket, group=self.group, bucket=self.bucket, folder=self.folder
        )
        bindings = read_bindings(text + self.more, self.folder / "toban.toml", PARTS.schema)
        return Edition(load_design(self.document), bindings, PARTS.kinds)

    def keep_logs(self, days: int) -> None:
        self.logs.put_retention_policy(logGroupName=self.group, retentionInDays=days)

    def keep_versions(self, days: int) -> None:
        rule = {
            "ID": "versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": days},
        }
        self.s3.put_bucket_lifecycle_configuration(
            Bucket=self.bucket, LifecycleConfiguration={"Rules": [rule]}
        )

    def ship_audit_log(self) -> None:
        keys = 'access_key = "env:AWS_ACCESS"\nsecret_key = "env:AWS_SECRET"'
        where = f'bucket = "{self.bucket}"\nprefix = "audit"\nendpoint = "{self.url}"\nregion = "{REGION}"'
        self.more = f'[evidence]\nstore = "audit"\n[stores.audit]\nkind = "s3"\n{where}\n{keys}\n'

    def expire(self, days: int | None, prefix: str) -> None:
        """Have the bucket delete what begins with *prefix*, and nothing without *days*."""
        rules = [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": days}}]
        if days is not None:
            self.s3.put_bucket_lifecycle_configuration(
                Bucket=self.bucket, LifecycleConfiguration={"Rules": rules}
            )

    def keep_backups(self, *options: str) -> None:
        text = "[global]\nrepo1-path=/srv/backup\n[main]\n" + "\n".join(options)
        (self.folder / "pgbackrest.conf").write_text(text, encoding="utf-8")

    def crontab(self, text: str) -> None:
        (self.folder / "crontab").write_text(text, encoding="utf-8")

    def look(self, later: timedelta = timedelta(0)) -> None:
        self.now += later
        looking.look(self.edition, self.now)

    def found(self) -> Mapping[str, FoundSetting]:
        """Return what is known, by the rows' own names and those of the values."""
        found = found_settings(self.edition, self.now)
        return {f"{each.setting.row.id.split('/')[2]} {each.setting.value.name}": each for each in found}

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="AKIATOBANTEST",
            aws_secret_access_key="a-secret-of-the-tests",
        )
