"""The proposals for chapter 4 in a first toban.toml."""

import tomllib
from pathlib import Path

from tests.registered import PARTS

from toban.chapters.backup.engine import BACKUPS
from toban.chapters.backup.proposals import open_tables
from toban.design.reader import read_design
from toban.engine.bindings.draft import draft
from toban.engine.bindings.load import read_bindings

DOCUMENT = """# 運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 (2:00) | 30世代 | S3 | 30日 |
| PostgreSQL | 増分バックアップ | 1時間毎 | 24世代 | S3 | 24時間 |
| 添付 | フル | 日次 (3:00) | 7世代 | NAS | 7日 |
| S3ファイル | バージョニング | リアルタイム | - | S3 | 30日 |
"""


def test_each_store_and_subject_is_proposed_once() -> None:
    found = list(open_tables(read_design(DOCUMENT, "d.md"), PARTS.kinds))

    assert [(each.table, each.name, each.proposals[0].kind) for each in found] == [
        ("stores", "S3", "s3"),
        ("stores", "NAS", "directory"),
        ("backups", "PostgreSQL", "native"),
        ("backups", "S3ファイル", "versioning"),
    ]
    assert [row.origin.line for row in found[0].rows] == [8, 9]


def test_a_proposal_is_valid_once_uncommented() -> None:
    design = read_design(DOCUMENT, "d.md")
    text = draft(design, open_tables(design, PARTS.kinds))

    assert "backups" not in tomllib.loads(text)
    uncommented = "\n".join(
        line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line
        for line in text.splitlines()
    )
    bound = read_bindings(uncommented, Path("toban.toml"), PARTS.schema)
    assert sorted(BACKUPS.of(bound)) == ["PostgreSQL", "S3ファイル"]
    assert sorted(bound.stores) == ["NAS", "S3"]
