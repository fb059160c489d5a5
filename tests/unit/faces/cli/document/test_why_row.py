"""The rows that the argument of `toban why` can mean."""

import pytest

from toban.design.reader import read_design
from toban.faces.cli.document.why_row import named

DESIGN = read_design(
    """# 運用設計書
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
""",
    "運用設計書.md",
)


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        ("monitoring/monitor/DB/CPU使用率", [6]),
        ("運用設計書.md:7", [7]),
        (":7", [7]),
        ("web cpu", [7]),
        ("CPU使用率", [6, 7]),
        ("メモリ", []),
        ("", [6, 7]),
    ],
)
def test_a_row_can_be_named_by_its_id_citation_or_words(asked: str, lines: list[int]) -> None:
    assert [row.origin.line for row in named(DESIGN.clauses, asked)] == lines
