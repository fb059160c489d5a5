"""Policies, procedures and RPO compared with each other."""

from collections.abc import Callable

import pytest

from toban.design.finding import Finding

type Find = Callable[[str, str], list[Finding]]

FULL = "| PostgreSQL | フルバックアップ | 日次 2:00 | 7世代 | S3 | 7日 |"
HOURLY = "| PostgreSQL | 増分バックアップ | 1時間毎 | 24世代 | S3 | 24時間 |"
FILES = "| 設定ファイル | コピー | 週次 | 4世代 | NAS | 28日 |"
WAL = "| PostgreSQL | WALの連続保存 | リアルタイム | - | S3 | 7日 |"


def document(*policies: str, backup: str = "", restore: str = "", rpo: str = "1時間") -> str:
    rows = "".join(f"{policy}\n" for policy in policies)
    return f"""# 運用設計書

## バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|------|------|------|---------|-------|---------|
{rows}
{procedure("バックアップ手順", backup)}
{procedure("リストア手順", restore)}
### RPO/RTO
| 項目 | 目標値 |
|------|-------|
| RPO (復旧時点目標) | {rpo} |
"""


def procedure(heading: str, command: str) -> str:
    return f"### {heading}\n```bash\n{command}\n```\n" if command else ""


@pytest.mark.parametrize(
    ("policies", "command", "count"),
    [
        ([FULL, HOURLY], "pg_dump shop > shop.sql", 1),
        ([FULL], "pg_dump shop > shop.sql", 0),
        ([FULL, HOURLY], "pg_basebackup -D increment --incremental=manifest", 0),
        ([FULL, HOURLY], "mysqldump shop > shop.sql", 0),  # another product than that of the policy
        ([FULL, HOURLY], "", 0),
    ],
)
def test_only_a_logical_dump_of_the_same_database_is_found(
    find: Find, policies: list[str], command: str, count: int
) -> None:
    assert len(find("BK001", document(*policies, backup=command))) == count


@pytest.mark.parametrize(("rpo", "is_cited"), [("1時間", True), ("30分", False)])
def test_only_an_rpo_met_by_the_increments_is_cited(find: Find, rpo: str, is_cited: bool) -> None:
    (finding,) = find("BK001", document(FULL, HOURLY, backup="pg_dump shop > shop.sql", rpo=rpo))

    assert ("RPO" in str(finding.message)) is is_cited


@pytest.mark.parametrize(
    ("policies", "command", "count"),
    [
        ([FULL, HOURLY], "psql shop < shop.sql", 1),
        ([FULL], "psql shop < shop.sql", 0),
        ([FULL, HOURLY], "pg_combinebackup full increment -o restored", 0),
        ([FULL, HOURLY], "", 0),
    ],
)
def test_increments_need_a_restore_procedure(
    find: Find, policies: list[str], command: str, count: int
) -> None:
    assert len(find("BK002", document(*policies, restore=command))) == count


@pytest.mark.parametrize(
    ("policies", "rpo", "codes"),
    [
        ([FULL, HOURLY], "1時間", ["BK003"]),
        ([FULL, HOURLY], "61分", []),
        ([FULL, HOURLY], "59分", ["BK004"]),
        ([FULL, HOURLY, WAL], "5分", []),
        ([FULL, HOURLY, FILES], "2時間", []),  # files don't change by the hour
    ],
)
def test_the_shortest_interval_is_compared_with_the_rpo(
    find: Find, policies: list[str], rpo: str, codes: list[str]
) -> None:
    text = document(*policies, rpo=rpo)

    assert [finding.code for code in ("BK003", "BK004") for finding in find(code, text)] == codes


@pytest.mark.parametrize(
    ("policy", "count"),
    [
        (FULL, 0),
        (HOURLY, 0),
        ("| PostgreSQL | フルバックアップ | 日次 2:00 | 8世代 | S3 | 7日 |", 0),
        ("| PostgreSQL | フルバックアップ | 日次 2:00 | 9世代 | S3 | 7日 |", 1),
        ("| PostgreSQL | フルバックアップ | 月次 | 12世代 | S3 | 1年 |", 0),
        ("| PostgreSQL | フルバックアップ | 月次 | 3世代 | S3 | 1年 |", 1),
    ],
)
def test_generations_and_retention_differ_by_one_interval_at_most(
    find: Find, policy: str, count: int
) -> None:
    assert len(find("BK005", document(policy))) == count
