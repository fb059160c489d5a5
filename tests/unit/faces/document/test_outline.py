"""The page keeps the document's order, and every clause has one place on it."""

from collections import Counter
from pathlib import Path

import pytest

from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design, load_design, read_design
from toban.faces.document.outline import Outline, OutlineLine, outline

EXAMPLE = Path(__file__).parents[4] / "examples" / "webshop" / "運用設計書.md"
MIXED = """# 運用設計書
## 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| Web | メモリ使用率 | 0-70% | たくさん | 90% | 1分 |
## リリース
### ロールバック手順
1. 止める
2. 戻す
"""


@pytest.fixture(params=["example", "mixed"])
def design(request: pytest.FixtureRequest) -> Design:
    return load_design(EXAMPLE) if request.param == "example" else read_design(MIXED, "運用設計書.md")


def lines(built: Outline) -> list[OutlineLine]:
    return [line for part in built.parts for line in (*part.lines, *((part.whole,) if part.whole else ()))]


def test_every_clause_and_every_unread_row_has_exactly_one_place(design: Design) -> None:
    placed = lines(outline(design))

    assert Counter(clause.id for line in placed for clause in line.clauses) == Counter(
        clause.id for clause in design.clauses
    )
    assert sum(len(line.unread) for line in placed) == len(design.unread)


def test_a_clause_is_placed_at_the_row_it_was_read_from(design: Design) -> None:
    rows = [line for part in outline(design).parts if part.kind == "table" for line in part.lines]

    assert all(clause.origin.line == line.number for line in rows for clause in line.clauses)


def test_the_contents_have_one_line_for_each_chapter_and_count_every_clause(design: Design) -> None:
    built = outline(design)

    assert sum(len(entry.clauses) for entry in built.entries) == len(design.clauses)
    assert sum(entry.unread for entry in built.entries) == len(design.unread)


def test_an_unread_row_stays_in_its_place() -> None:
    built = outline(read_design(MIXED, "運用設計書.md"))
    table = next(part for part in built.parts if part.kind == "table")

    assert [bool(line.unread) for line in table.lines] == [False, True]
    assert table.kinds == {Monitor}
    assert [isinstance(clause, Monitor) for clause in table.lines[0].clauses] == [True]


def test_a_procedure_is_one_clause_under_its_steps() -> None:
    built = outline(read_design(MIXED, "運用設計書.md"))
    steps = next(part for part in built.parts if part.kind == "numbers")

    assert [line.cells[0] for line in steps.lines] == ["止める", "戻す"]
    assert steps.whole is not None
    assert len(steps.whole.clauses) == 1
