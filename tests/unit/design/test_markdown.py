from hypothesis import example, given
from hypothesis import strategies as st

from toban.design.markdown import (
    Block,
    BulletList,
    CodeBlock,
    Heading,
    ListItem,
    MarkdownTable,
    NumberedList,
    Paragraph,
    TableRow,
    parse,
)


def table_of(text: str) -> MarkdownTable:
    (table,) = (block for block in parse(text) if isinstance(block, MarkdownTable))
    return table


def test_blocks_keep_their_order_and_their_lines() -> None:
    text = "# 手引き\n\n始めに\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- 一\n\n```sh\nls\n```\n\n1. 先\n"

    blocks = parse(text)

    assert blocks == (
        Heading(1, "手引き", 1),
        Paragraph("始めに", 3),
        MarkdownTable(("a", "b"), (TableRow(("1", "2"), 7),), 5),
        BulletList((ListItem("一", 9),), 9),
        CodeBlock("sh", "ls", 11),
        NumberedList((ListItem("先", 15, ordered=True),), 15),
    )


def test_cells_are_plain_text() -> None:
    row = "| **太字** | `x \\| y` | 一<br>二<br/>三 | [名](https://example.com) |"
    text = f"| a | b | c | d |\n|---|---|---|---|\n{row}"

    assert table_of(text).rows[0].cells == ("太字", "x | y", "一\n二\n三", "名")


def test_comparison_signs_are_not_taken_for_html() -> None:
    text = "| a | b | c |\n|---|---|---|\n| 達成率<90% または待ち>20分 | <70% | 1:00&ndash;4:00 |"

    assert table_of(text).rows[0].cells == ("達成率<90% または待ち>20分", "<70%", "1:00–4:00")


def test_words_in_angle_brackets_are_kept() -> None:
    assert table_of("| a |\n|---|\n| s3://<bucket>/<b>x</b> |").rows[0].cells == ("s3://<bucket>/x",)


def test_bold_text_ends_between_a_bracket_and_a_letter() -> None:
    assert parse("- **目標（SLO）**は99%") == (BulletList((ListItem("目標（SLO）は99%", 1),), 1),)


def test_escaped_bar_stays_in_its_cell() -> None:
    assert table_of("| a | b |\n|---|---|\n| x \\| y | z |").rows[0].cells == ("x | y", "z")


def test_short_row_is_filled_and_long_row_says_how_much_it_lost() -> None:
    table = table_of("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 | 4 |")

    assert table.rows == (TableRow(("1", ""), 3), TableRow(("1", "2"), 4, surplus=2))


def test_text_directly_below_a_table_is_not_a_row() -> None:
    blocks = parse("| a |\n|---|\n| 1 |\n続きの文")

    assert blocks == (MarkdownTable(("a",), (TableRow(("1",), 3),), 1), Paragraph("続きの文", 4))


def test_comment_between_rows_does_not_cut_the_table() -> None:
    table = table_of("| a |\n|---|\n| 1 |\n<!-- ここに\n書く -->\n| 2 |")

    assert table.rows == (TableRow(("1",), 3), TableRow(("2",), 6))


def test_a_commented_out_rule_is_removed_and_code_keeps_its_comments() -> None:
    blocks = parse("<!-- - 毎日 -->\n\n```html\n<!-- 残す -->\n```")

    assert blocks == (CodeBlock("html", "<!-- 残す -->", 3),)


def test_an_unclosed_comment_hides_nothing() -> None:
    assert BulletList((ListItem("毎日", 3),), 3) in parse("文 <!-- 閉じない\n\n- 毎日")


def test_comments_on_one_line_are_removed_and_quoted_ones_kept() -> None:
    assert parse("一<!-- x -->二<!-- y -->三 `<!-- z -->`") == (Paragraph("一二三 <!-- z -->", 1),)


def test_front_matter_is_left_out_and_lines_still_count() -> None:
    assert parse("---\ntitle: 手引き\n---\n# 一") == (Heading(1, "一", 4),)


def test_a_horizontal_rule_at_the_top_is_not_front_matter() -> None:
    assert parse("---\n\n# 一") == (Heading(1, "一", 3),)


def test_byte_order_mark_and_carriage_returns_are_accepted() -> None:
    text = "\ufeff# 一\r\n\r\n| a |\r\n|---|\r\n| 1 |\r\n"

    assert parse(text) == (Heading(1, "一", 1), MarkdownTable(("a",), (TableRow(("1",), 5),), 3))


def test_nested_entries_have_depth_and_check_boxes_a_state() -> None:
    text = "1. 上\n   - [ ] 未\n   - [x] 済\n2. 下"

    assert parse(text)[0] == NumberedList(
        (
            ListItem("上", 1, ordered=True),
            ListItem("未", 2, depth=1, checked=False),
            ListItem("済", 3, depth=1, checked=True),
            ListItem("下", 4, ordered=True),
        ),
        1,
    )


def test_code_and_tables_inside_an_entry_come_after_the_list() -> None:
    text = "- 一\n\n  ```sh\n  ls\n  ```\n\n  | a |\n  |---|\n  | 1 |\n- 二"

    blocks = parse(text)

    assert blocks == (
        BulletList((ListItem("一", 1), ListItem("二", 10)), 1),
        CodeBlock("sh", "ls", 3),
        MarkdownTable(("a",), (TableRow(("1",), 9),), 7),
    )


def test_table_in_a_quote_is_a_table() -> None:
    assert table_of("> | a |\n> |---|\n> | 1 |").rows == (TableRow(("1",), 3),)


def lines_in(block: Block) -> list[int]:
    parts = [block.line]
    if isinstance(block, MarkdownTable):
        parts += [row.line for row in block.rows]
    if isinstance(block, BulletList | NumberedList):
        parts += [item.line for item in block.items]
    return parts


MARKED = st.text(alphabet="#|-:1. `~<!>\\*[]()x\n\r\ta監%&", max_size=200)


@given(st.one_of(st.text(), MARKED))
@example("| a |\n|---|\n| `|` |")
def test_any_text_has_blocks_with_lines_inside_it(text: str) -> None:
    count = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1

    for block in parse(text):
        assert all(1 <= line <= count for line in lines_in(block))
