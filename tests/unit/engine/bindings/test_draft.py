"""The proposals about people in a first `toban.toml`."""

from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.bindings.draft import draft
from toban.engine.notify.proposals import open_tables

DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | [氏名] | 平日9:00-18:00 |
| 当番 | 田中、中村 (週替わり) | 24時間365日 |
"""


def test_people_in_a_rotation_are_proposed_by_name_and_a_role_as_itself() -> None:
    design = read_design(DOCUMENT, "運用設計書.md")

    text = draft(design, open_tables(design, PARTS.kinds))

    asked = [line for line in text.splitlines() if line.startswith("#[people.")]
    assert asked == ['#[people."運用責任者"]', '#[people."田中"]', '#[people."中村"]']
    assert "田中、中村 は 毎週月曜 09:00 に交代すると解釈しました" in text
