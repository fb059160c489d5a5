"""The tables of remedies: what joins them to rows, what is proposed, and what waits for approval."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.registered import PARTS
from tests.unit.chapters.incident.remedies.test_matching import DOCUMENT

from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.proposals import open_tables
from toban.chapters.incident.remedies.kinds.rollback import RollbackRemedy
from toban.chapters.incident.remedies.works import works
from toban.design.reader import read_design
from toban.engine.bindings.draft import draft
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.editions.gate.powers import changes, powers_of
from toban.engine.modes.rules import Mode
from toban.engine.operation import Declared

MONITORS = """
## 2. 監視設計
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告閾値 | 異常閾値 | 監視間隔 |
|------|---------|---------|---------|---------|---------|
| Webサーバー | 死活 | 応答あり | - | 応答なし | 1分 |
| DBサーバー | 死活 | 応答あり | - | 応答なし | 1分 |
"""
RESTART = '[remedies."プロセス再起動"]\nkind = "command"\ncommand = ["bin/restart"]\n'


def edition(text: str, document: str = DOCUMENT + MONITORS) -> Edition:
    bindings = read_bindings(text, Path("toban.toml"), PARTS.schema)
    return Edition(read_design(document, "運用設計書.md"), bindings, PARTS.kinds)


def test_a_remedy_is_joined_to_its_row_and_mends_what_the_row_names() -> None:
    plan = edition(RESTART).plan(OPERATION)

    (remedy,) = plan.remedies
    (work,) = works(plan).values()
    assert (remedy.row.name, remedy.targets, remedy.bound) == (
        "Webサーバーダウン",
        ("Webサーバー",),
        "bin/restart",
    )
    assert (work.key, work.mode, work.is_automatic) == ("remedy/プロセス再起動", Mode.SHADOW, True)
    row = next(each for each in plan.patterns if each.name == "DBサーバーダウン")
    assert "[remedies.NAME]" in str(plan.rows[row.id])


def test_a_row_that_says_nothing_that_is_measured_is_only_declared() -> None:
    document = DOCUMENT.replace("| エラー率急増 | バグ混入 | ロールバック |", "| 問い合わせ | 不明 | 調査 |")
    plan = edition("", document).plan(OPERATION)

    row = next(each for each in plan.patterns if each.name == "問い合わせ")
    assert isinstance(plan.rows[row.id], Declared)


def test_a_remedy_of_two_rows_has_one_work() -> None:
    document = DOCUMENT.replace("DBサーバー再起動、", "プロセス再起動、") + MONITORS
    plan = edition(RESTART, document).plan(OPERATION)

    (work,) = works(plan).values()
    assert len(plan.remedies) == 2
    choices = next(each.choices for each in work.parameters or () if each.name == "target")
    assert choices == ("Webサーバー", "DBサーバー")


def test_a_new_or_changed_remedy_waits_for_approval() -> None:
    none, bound, other = edition(""), edition(RESTART), edition(RESTART.replace("bin/", "sbin/"))

    added = [each.at for each in changes(powers_of(none, {}), powers_of(bound, {}))]
    changed = [each.at for each in changes(powers_of(bound, {}), powers_of(other, {}))]

    assert ("bindings", "remedies", "プロセス再起動", "command") in added
    assert changed == [("bindings", "remedies", "プロセス再起動", "command")]


def test_init_proposes_the_first_remedy_of_each_failure_and_the_draft_loads() -> None:
    design = read_design(DOCUMENT, "運用設計書.md")

    tables = list(open_tables(design, PARTS.kinds))

    assert [(each.name, each.proposals[0].kind) for each in tables] == [
        ("プロセス再起動", "command"),
        ("DBサーバー再起動", "command"),
        ("ログクリーンアップ", "batch"),
        ("スケールアウト", "scale"),
        ("ロールバック", "rollback"),
    ]
    text = draft(design, tables)
    read_bindings(text, Path("toban.toml"), PARTS.schema)
    lines = text.splitlines()
    written = "\n".join(
        line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in lines
    )
    assert len(edition(written).plan(OPERATION).remedies) == 2 + 3


def test_a_rollback_mends_no_single_instance() -> None:
    with pytest.raises(ValidationError, match="each_instance"):
        RollbackRemedy.model_validate({"deployment": "production", "each_instance": True})
