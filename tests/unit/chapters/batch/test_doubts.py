"""Batches whose tables are valid, and which will still never begin."""

from pathlib import Path

import pytest
from tests.registered import schema

from toban.chapters.batch.doubts import doubts
from toban.chapters.batch.kinds import command
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings

DESIGN = read_design(
    """\
# 運用設計書

## 運用体制
| 役割 | 担当 | 対応時間 |
|------|------|---------|
| 運用責任者 | 佐藤 | 平日9:00-18:00 |

## バッチ処理
| バッチID | バッチ名 | 実行タイミング |
|---|---|---|
| B001 | 集計 | 毎日 03:00 |
""",
    "運用設計書.md",
)
BATCH = '[batches.B001]\ncommand = ["x"]\napproval = "運用責任者"\n'
ONE = '[people."運用責任者"]\naccount = "sato"\n'
TURNS = '[duty."運用責任者"]\nlayers = [{ people = ["a", "b"] }]\n[people.a]\naccount = "a"\n[people.b]\n'


def found(text: str) -> list[str]:
    bindings = read_bindings(text, Path("toban.toml"), schema(batches={"command": command.KIND.config}))
    return [str(finding) for finding in doubts(DESIGN, bindings)]


@pytest.mark.parametrize("text", [BATCH + ONE, BATCH + TURNS, '[batches.B001]\ncommand = ["x"]\n'])
def test_a_batch_that_somebody_may_approve_raises_no_doubt(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "count", "people"),
    [
        (BATCH, "1 人分要りますが、0 人分", "運用責任者"),
        (BATCH + '[people."運用責任者"]\nname = "佐藤"\n', "1 人分要りますが、0 人分", "運用責任者"),
        (BATCH + "approvers = 2\n" + TURNS, "2 人分要りますが、1 人分", "a、b"),
    ],
)
def test_a_batch_that_too_few_accounts_may_approve_is_reported(text: str, count: str, people: str) -> None:
    (doubt,) = found(text)

    assert doubt.startswith("toban.toml:1: BD009 「B001」の承認には運用責任者のアカウントが")
    assert count in doubt
    assert f'account = "Toban のアカウント" を書いてください: {people}' in doubt
