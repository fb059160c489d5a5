"""What can be declared of a table that was not read, as it is proposed to its owner."""

from hypothesis import given, settings
from tests.unit.design.reading.test_as_built import Built, documents

from toban.catalogue import LANGUAGES
from toban.design.document_file import UnreadableDocument
from toban.design.reader import Design, read_design
from toban.design.reading.declared.proposals import ReadingProposal, asked_tables

HEAD = "# 運用設計書\n\n## 監視\n\n### 見るもの\n"
TABLE = """\
| 品 | こと | 危険 |
|---|---|---|
| Web | CPU使用率 | 90%以上 |
| DB | CPU使用率 | 95%以上 |
"""


def proposed(text: str) -> list[ReadingProposal]:
    asked = asked_tables(read_design(text, "d.md"))
    return [each for table in asked for each in table.proposals]


def pasted(text: str, proposal: ReadingProposal, language: str) -> Design:
    lines = text.split("\n")
    lines.insert(proposal.table.line - 1, proposal.comment(language))
    return read_design("\n".join(lines), "d.md")


def test_the_comment_names_the_kind_and_every_column_in_the_readers_language() -> None:
    best, *_ = proposed(HEAD + TABLE)

    assert best.comment("ja") == "<!-- toban: 監視項目 対象=品 項目=こと 異常=危険 -->"
    assert best.comment("en") == "<!-- toban: Monitor subject=品 item=こと critical=危険 -->"
    assert [clause.id for clause in best.clauses] == [
        "monitoring/monitor/Web/CPU使用率",
        "monitoring/monitor/DB/CPU使用率",
    ]


def test_what_is_pasted_is_read_as_it_was_shown() -> None:
    best, *_ = proposed(HEAD + TABLE)

    for language in LANGUAGES:
        design = pasted(HEAD + TABLE, best, language)
        assert [clause.id for clause in design.clauses] == [clause.id for clause in best.clauses]
        assert design.misdeclared == ()


def test_a_table_that_is_read_or_of_nothing_known_has_no_proposal() -> None:
    read = "| 対象 | 監視項目 | 異常 |\n|--|--|--|\n| Web | CPU使用率 | 90% |\n"
    other = "| 花 | 色 |\n|--|--|\n| 椿 | 赤 |\n"

    assert proposed(HEAD + read + "\n### ほか\n" + other) == []


def test_a_name_that_no_declaration_can_hold_is_not_proposed() -> None:
    for name in ("危険 --> <b>", "危険 以上=はい"):
        assert all("危険" not in each.comment("ja") for each in proposed(HEAD + TABLE.replace("危険", name)))


def test_two_kinds_that_are_as_likely_are_both_proposed_and_neither_is_sure() -> None:
    table = "| 項目 | 頻度 | 内容 |\n|--|--|--|\n| 売上 | 毎日 | 集計 |\n"
    found = proposed(f"# 運用設計書\n\n## 見るもの\n{table}")

    assert len({each.kind for each in found}) > 1
    assert not any(each.is_sure for each in found)


@settings(max_examples=60, deadline=None)
@given(documents())
def test_any_proposal_can_be_pasted_and_gives_what_it_shows(built: Built) -> None:
    try:
        found = proposed(built.text)
    except UnreadableDocument:
        return
    for each in found:
        for language in LANGUAGES:
            design = pasted(built.text, each, language)
            lines = {row.line + 1 for row in each.table.rows}
            read = [clause.kind for clause in design.clauses if clause.origin.line in lines]
            assert not [flaw for flaw in design.misdeclared if flaw.origin.line == each.table.line]
            assert set(read) >= {clause.kind for clause in each.clauses[:1]}
