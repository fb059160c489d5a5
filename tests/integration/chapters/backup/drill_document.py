"""The document that orders the drills of the tests, with its bindings."""

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
