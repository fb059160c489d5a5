"""Shapes of designs and runbooks of small teams that the reader had not seen: read whole, or asked about."""

import pytest
from tests.unit.design.conftest import Read
from tests.unit.design.reading.test_strangers import fence

from toban.design.clauses.backup import BackupProcedure, RestoreProcedure
from toban.design.clauses.monitoring import Monitor


@pytest.mark.parametrize("column", ["アラート重要度", "通知レベル", "重み"])
def test_one_row_without_a_level_does_not_take_the_others_levels(read: Read, column: str) -> None:
    design = read(
        "## DBメトリクス",
        f"| メトリクス名 | 閾値 | {column} |",
        "|-|-|-|",
        "| ReplicaLag | > 60秒 | Critical |",
        "| CPUUtilization | > 75% | Warning |",
        "| RequestCount | - | 監視のみ |",
    )
    lag, cpu, count = design.of(Monitor)
    assert lag.critical and not lag.warning
    assert cpu.warning and not cpu.critical
    assert not (count.warning or count.critical)


@pytest.mark.parametrize(
    "lines",
    [
        (
            "## 手動バックアップ",
            fence("# 全体", "make backup", "# DBのみ", "make db", "# 画像のみ", "tar czf a b"),
        ),
        ("## Restore", fence("psql shop < a.sql", "# up to a moment", "pg_restore -d shop a.dump")),
        ("## Restore drill", "### Quick start", fence("./restore_run.sh"), "", "## Time", "- 20 minutes"),
    ],
)
def test_what_is_for_one_case_each_is_no_procedure(read: Read, lines: tuple[str, ...]) -> None:
    design = read(*lines)
    assert not design.of(BackupProcedure) and not design.of(RestoreProcedure)


def test_two_databases_are_restored_one_after_the_other(read: Read) -> None:
    design = read("## Restore", fence("psql -d roles < roles.sql", "pg_restore -d shop shop.dump"))
    assert [len(each.commands) for each in design.of(RestoreProcedure)] == [2]
