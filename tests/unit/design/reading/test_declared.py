"""What an owner declares about a table, a list or a section, and what comes of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.design.reading.known_tables import TABLES, Known, KnownTable, said
from tests.unit.design.reading.test_as_built import meant_of

from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.routine import Routine
from toban.design.document_file import UnreadableDocument
from toban.design.origin import Origin
from toban.design.reader import Design, read_design
from toban.design.reading.declared.declaration import DeclaredElsewhere, Flaw, ReadingDeclaration
from toban.design.reading.declared.vocabulary import spoken_role
from toban.design.reading.grounds import explanation
from toban.design.reading.registry import TABLES as SHAPES
from toban.design.shapes.shape import TableShape, roles_of

DOCUMENT = "手引き.md"
TABLE = """\
| 品 | こと | 危険 |
|---|---|---|
| Web | CPU使用率 | 90%以上 |
| DB | CPU使用率 | 95%以上 |
"""
COMMENT = "<!-- toban: 監視 対象=品 項目=こと 異常=危険 -->\n"


def of(text: str, declared: Sequence[DeclaredElsewhere] = ()) -> Design:
    return read_design(f"# 手引き\n\n## いろいろ\n\n{text}", DOCUMENT, declared)


def monitors(design: Design) -> list[tuple[str, str, str]]:
    return [(each.target, each.item, said(each.critical)) for each in design.of(Monitor)]


BOTH = [("Web", "CPU使用率", ">=90%"), ("DB", "CPU使用率", ">=95%")]


def test_a_table_is_read_as_the_comment_above_it_says() -> None:
    design = of(COMMENT + TABLE)

    assert monitors(design) == BOTH
    assert design.misdeclared == ()


@pytest.mark.parametrize(
    "comment",
    [
        "<!-- toban: monitor target=品 item=こと critical=危険 -->",
        '<!--toban:監視項目 対象="品" 項目="こと" 異常="危険"-->',
        "<!-- TOBAN： Monitoring　対象＝品　項目＝こと　異常＝危険 -->",
        "  <!-- toban: monitor target=品 item=こと critical=危険 -->\n\n<!-- another remark -->",
    ],
)
def test_kinds_and_columns_have_names_in_both_languages(comment: str) -> None:
    assert monitors(of(f"{comment}\n{TABLE}")) == BOTH


def test_what_is_declared_wins_over_title_and_heading() -> None:
    text = f"# 導入計画書\n\n## 将来の案\n\n{COMMENT}{TABLE}"

    assert monitors(read_design(text, DOCUMENT)) == BOTH
    with pytest.raises(UnreadableDocument):
        read_design(text.replace(COMMENT, ""), DOCUMENT)


def test_a_row_that_takes_itself_back_stays_out_of_force() -> None:
    design = of(COMMENT + TABLE + "| 帳票 | CPU使用率 | 未実装 |\n")

    assert [row.line for row in design.not_in_force] == [10]
    assert monitors(design) == BOTH


def test_what_is_declared_as_nothing_is_set_aside() -> None:
    text = (
        "## 監視項目\n<!-- toban: none -->\n| 対象 | 項目 | 異常 |\n|--|--|--|\n| Web | CPU使用率 | 90% |\n"
    )
    design = of(COMMENT + TABLE + text)

    assert monitors(design) == BOTH
    assert [row.line for row in design.aside] == [14]


def test_a_section_is_declared_above_its_heading() -> None:
    text = f"{COMMENT}### 中身\n\n{TABLE}\n#### 続き\n\n{TABLE}\n### 別\n\n{TABLE}"
    design = of(text.replace("| DB", "| AP", 1))

    assert len(design.of(Monitor)) == 4
    assert [row.line for row in design.unread] == [24, 25]


def test_a_declaration_of_a_table_wins_over_that_of_its_section() -> None:
    design = of(f"<!-- toban: なし -->\n### 中身\n\n- 毎日2:00に再起動する\n\n{COMMENT}{TABLE}")

    assert monitors(design) == BOTH
    assert [row.line for row in design.aside] == [8]


def test_a_list_is_read_by_what_is_before_and_after_the_colon() -> None:
    design = of(
        "<!-- toban: 監視 対象=見出し 項目=キー 異常=値 -->\n- CPU使用率: 80%以上\n- メモリ使用率: 90%以上\n"
    )

    assert monitors(design) == [("いろいろ", "CPU使用率", ">=80%"), ("いろいろ", "メモリ使用率", ">=90%")]


def test_a_comment_keeps_two_lists_apart() -> None:
    design = of("- 見る人: 全員\n\n<!-- toban: 監視 項目=key 異常=value -->\n\n- CPU使用率: 80%以上\n")

    assert monitors(design) == [("", "CPU使用率", ">=80%")]


def test_what_is_nested_in_an_entry_makes_its_row() -> None:
    design = of(
        "<!-- toban: batch batch-id=key frequency=いつ -->\n"
        "- B001\n  - いつ: 毎日 2:00\n- B002\n  - いつ: 毎日 3:00\n"
    )

    assert [(each.id, each.origin.line) for each in design.clauses] == [
        ("batch/batch/B001", 6),
        ("batch/batch/B002", 8),
    ]
    assert [row.line for row in design.aside] == [7, 9]


def test_commands_are_declared_too() -> None:
    design = of("<!-- toban: リストア手順 -->\n```bash\npg_restore -d shop /backup/shop.dump\n```\n")

    assert [each.kind for each in design.clauses] == ["restore-procedure"]


def test_commands_are_the_work_that_their_heading_names() -> None:
    code = "```bash\n./report.sh\n```\n"
    design = of(f"### 月次運用\n\n#### 1. 報告の作成\n\n<!-- toban: 定期作業 名前=見出し 内容=値 -->\n{code}")

    (routine,) = design.of(Routine)
    assert (routine.name, said(routine.schedule), routine.content) == ("報告の作成", "monthly", "./report.sh")


def test_a_declared_task_says_nothing_about_when_others_are_due() -> None:
    design = of(
        "<!-- toban: 定期作業 -->\n### 週次作業\n\n- ログを確認する\n\n"
        "<!-- toban: 定期作業 名前=key 頻度=value -->\n- 証明書の確認: 毎月1日\n"
    )

    due = {routine.name: said(routine.schedule) for routine in design.of(Routine)}
    assert due == {"ログを確認する": "weekly", "証明書の確認": "monthly 1日"}


def test_a_first_column_of_unknown_meaning_is_declared_as_nothing() -> None:
    table = "| 係 | 名 | 危険 |\n|--|--|--|\n| 甲 | CPU使用率 | 90% |\n"

    (unread,) = of(f"<!-- toban: 監視 異常=危険 -->\n{table}").misdeclared
    assert unread.flaw is Flaw.PLACE
    assert monitors(of(f"<!-- toban: 監視 なし=係 項目=名 異常=危険 -->\n{table}")) == [
        ("", "CPU使用率", ">=90%")
    ]


@pytest.mark.parametrize(
    ("comment", "flaw", "line"),
    [
        ("<!-- toban: 監視カメラ項目一式 -->", Flaw.WORDS, 5),
        ("<!-- toban: 監視 対象=品 項目=こと 異状=危険 -->", Flaw.WORDS, 5),
        ("<!-- toban: 監視 対象=品 項目=こと 異常=危ない -->", Flaw.PLACE, 5),
        ("<!-- toban: 監視 対象=品 項目=品 異常=危険 -->", Flaw.WORDS, 5),
        ("<!-- toban: 監視 対象=品 項目=こと なし=異常 なし=危険 -->", Flaw.PLACE, 5),
        (f"{COMMENT}\n文章です。\n", Flaw.PLACE, 5),
        (f"{COMMENT}\n<!-- toban: 監視 -->", Flaw.PLACE, 7),
    ],
)
def test_a_wrong_declaration_is_a_finding_and_never_a_guess(comment: str, flaw: Flaw, line: int) -> None:
    table = "| 対象 | 項目 | 異常 | 品 | こと | 危険 |\n|-|-|-|-|-|-|\n| W | CPU使用率 | 9% | x | y | 8% |\n"
    text = f"# 運用設計書\n\n## 監視\n\n{comment}\n{table}"
    design = read_design(text, DOCUMENT)

    assert (flaw, line) in [(each.flaw, each.origin.line) for each in design.misdeclared]
    if "文章" not in comment and comment.count("toban") == 1:
        assert design.clauses == ()
        assert len(design.unread) == 1


def test_a_value_that_cannot_be_read_is_a_finding_with_its_line() -> None:
    design = of(COMMENT + TABLE + "| 帳票 | CPU使用率 | 高いとき |\n")

    assert [(each.flaw, each.origin.line) for each in design.misdeclared] == [(Flaw.VALUE, 10)]
    assert [row.line for row in design.unread] == [10]


def test_a_comment_in_code_declares_nothing() -> None:
    design = of(f"```html\n{COMMENT}```\n{COMMENT}{TABLE}")

    assert monitors(design) == BOTH
    assert design.misdeclared == ()


def elsewhere(headings: tuple[str, ...] = (), header: tuple[str, ...] = ()) -> DeclaredElsewhere:
    columns = (("対象", "品"), ("項目", "こと"), ("異常", "危険"))
    said = ReadingDeclaration("監視", columns, Origin("toban.toml", 3), "[[reading]]")
    return DeclaredElsewhere(said, headings, header)


@pytest.mark.parametrize(
    "anchor",
    [
        {"headings": ("いろいろ",), "header": ("品", "こと", "危険")},
        {"header": ("品", "こと", "危険")},
        {"headings": ("いろいろ",)},
        {"headings": ("手引き", "いろいろ"), "header": ("品", "こと", "危険")},
    ],
)
def test_a_declaration_elsewhere_finds_its_table_wherever_it_stands(
    anchor: dict[str, tuple[str, ...]],
) -> None:
    moved = of("増えた段落。\n\n" * 5 + TABLE, [elsewhere(**anchor)])

    assert monitors(moved) == BOTH
    assert moved.misdeclared == ()
    (first, *_) = explanation(moved.grounds[moved.clauses[0].origin.line], moved.clauses[:1])
    assert "toban.toml:3" in str(first)


@pytest.mark.parametrize(
    "anchor",
    [
        {"headings": ("ない",)},
        {"headings": ("いろいろ",), "header": ("品", "危険")},
        {"headings": ("いろいろ",), "header": ("花",)},
    ],
)
def test_an_anchor_that_matches_nothing_is_a_finding(anchor: dict[str, tuple[str, ...]]) -> None:
    (flaw,) = of(COMMENT + TABLE, [elsewhere(**anchor)]).misdeclared

    assert flaw.flaw is Flaw.PLACE
    assert flaw.origin == Origin("toban.toml", 3)


def test_thousands_of_comments_and_declarations_take_no_longer_than_their_number() -> None:
    said = [elsewhere(header=("品", "こと", f"危険{number}")) for number in range(500)]
    text = "<!-- a remark -->\n" * 20_000 + COMMENT + TABLE + f"\n{TABLE}" * 300

    began = time.process_time()
    design = of(text, said)

    assert monitors(design)[:2] == BOTH
    assert time.process_time() - began < 10


def test_a_list_is_found_by_its_first_entry() -> None:
    said = ReadingDeclaration("監視", (("項目", "key"), ("異常", "value")), Origin("toban.toml", 1), "")
    text = "- 見る人: 全員\n\n文。\n\n- CPU使用率: 80%以上\n- メモリ使用率: 90%以上\n"

    design = of(text, [DeclaredElsewhere(said, first="CPU使用率: 80%以上")])

    assert [item for _, item, _ in monitors(design)] == ["CPU使用率", "メモリ使用率"]
    assert design.misdeclared == ()


def test_an_anchor_that_matches_several_places_is_a_finding_and_declares_none() -> None:
    design = of(f"{TABLE}\n### 別\n\n{TABLE}\n{COMMENT}{TABLE}", [elsewhere(header=("品", "こと", "危険"))])

    assert [(each.flaw, each.origin.line) for each in design.misdeclared] == [(Flaw.PLACE, 3)]
    assert len(design.of(Monitor)) == 2


UNREADABLE = ("甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸")
"""Names of columns that no reader knows."""


def shape_of(table: KnownTable, header: tuple[str, ...]) -> tuple[TableShape, dict[str, int]]:
    """Return the shape that has a role for all columns of *header*, and those roles."""
    fits = [
        (shape, roles)
        for shape in SHAPES
        if shape.kind.kind == table.kind and not shape.record_only
        if (roles := roles_of(header, shape.columns)) and shape.fits(frozenset(roles))
    ]
    return max(fits, key=lambda fit: len(fit[1]))


@dataclass(frozen=True)
class Renamed:
    """A known table as documents write it, the same with other names of its columns, and its meanings."""

    known: str
    declared: str
    rows: Mapping[int, tuple[str, Mapping[str, str]]]


@st.composite
def renamed_tables(draw: st.DrawFn) -> Renamed:
    table = draw(st.sampled_from(TABLES))
    columns = [column for column in table.columns if not column.is_optional or draw(st.booleans())]
    order: list[Known] = draw(st.permutations(columns))
    header = tuple(column.names[0] for column in order)
    shape, roles = shape_of(table, header)
    names = draw(st.permutations(UNREADABLE))
    pairs = draw(st.permutations([(role, names[index]) for role, index in roles.items()]))
    said_words = (
        f"{draw(st.sampled_from([role, str(spoken_role(role, shape))]))}={name}" for role, name in pairs
    )
    rows: dict[int, tuple[str, Mapping[str, str]]] = {}
    body: list[str] = []
    for line in range(8, 8 + draw(st.integers(1, 3))):
        drawn = {column: draw(st.sampled_from(column.cells)) for column in columns}
        meant: dict[str, str] = {}
        for column, (_, meaning) in drawn.items():
            meant[column.field] = f"{meant.get(column.field, '')} {meaning}".strip()
        body.append(f"| {' | '.join(drawn[column][0] for column in order)} |")
        rows[line] = table.kind, {field: text for field, text in meant.items() if field}

    def document(heading: str, above: str, names: Sequence[str]) -> str:
        head = [
            "# 運用設計書",
            "",
            f"## {heading}",
            "",
            above,
            f"| {' | '.join(names)} |",
            f"|{'---|' * len(names)}",
        ]
        return "\n".join([*head, *body])

    declared = f"<!-- toban: {table.kind} {' '.join(said_words)} -->"
    return Renamed(
        document(table.headings[0], "", header), document("いろいろ", declared, names[: len(order)]), rows
    )


@settings(max_examples=300, deadline=None)
@given(renamed_tables())
def test_a_declared_table_is_read_as_built_whatever_its_columns_are_called(built: Renamed) -> None:
    design = read_design(built.declared, DOCUMENT)

    read = {clause.origin.line for clause in design.clauses}
    assert {clause.origin.line for clause in read_design(built.known, DOCUMENT).clauses} <= read
    assert read | {each.origin.line for each in design.misdeclared} == set(built.rows)
    for clause in design.clauses:
        kind, row = built.rows[clause.origin.line]
        meant = meant_of(clause, row)
        assert clause.kind == kind
        assert {field: said(getattr(clause, field)) for field in meant} == meant
