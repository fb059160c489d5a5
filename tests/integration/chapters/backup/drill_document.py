"""The document that orders the drills of the tests, with its bindings."""

from pathlib import Path

from tests.integration.chapters.backup.fake_engine import FakeBackup, Source, kind_of
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.registry.kinds import Kinds
from toban.engine.stores import directory

DESIGN = """\
# 受付の運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|------|------|------|---------|-------|---------|
| PostgreSQL | フルバックアップ | 日次 (深夜2:00) | 30世代 | S3 | 30日 |

### RPO/RTO
| 項目 | 目標値 |
|------|-------|
| RPO | 1時間 |
| RTO | 4時間 |

## 10. 定期作業

### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---------|-------|-------|------|
| バックアップリストアテスト | 第1月曜 | 開発担当者 | ステージング環境でリストア |
"""
BINDINGS = """\
[stores.S3]
kind = "directory"
path = "{store}"

[backups.PostgreSQL]
kind = "native"
dsn = "env:BACKUP_DSN"
{more}

[backups.PostgreSQL.drill]
binaries = "{binaries}"
folder = "{folder}"
account = "nobody"
{drill}
"""


def drilled(folder: Path) -> Edition:
    """Return the document's edition with an engine that backs up a text."""
    bindings = '[stores.S3]\nkind = "directory"\npath = "s"\n[backups.PostgreSQL]\nkind = "fake"\n'
    known = schema(stores={"directory": directory.DirectoryConfig}, backups={"fake": FakeBackup})
    return Edition(
        read_design(DESIGN, "運用設計書.md"),
        read_bindings(f"{bindings}[backups.PostgreSQL.drill]\n", folder / "toban.toml", known),
        Kinds.given(backups={"fake": kind_of(Source())}, stores={"directory": directory.KIND}),
    )
