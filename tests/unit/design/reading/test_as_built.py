"""Any table of known rows is read as it was built, or not at all: never as something else."""

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.design.reading.known_tables import TABLES, Known, KnownTable, said

from toban.design.clauses.backup import RecoveryObjective
from toban.design.clauses.base import Clause
from toban.design.document_file import UnreadableDocument
from toban.design.reader import Design, read_design

UNKNOWN = {
    **{
        name: (f"{name}-1", f"{name}-2")
        for name in ("URL", "チケット", "関連部署", "整理番号", "証跡", "出典", "品質基準")
    },
    "優先度": ("高", "P1", "中"),
    "備考": ("-", "手順書を参照", "要望による"),
    "説明": ("利用者に見える", "月末に増える"),
    "状態": ("稼働中", "運用中"),
    "ツール": ("Zabbix", "社内ツール"),
    "例": ("会員検索", "決済"),
    "担当": ("基盤係", "当番"),
    "所要時間": ("30分", "2時間"),
    "影響": ("なし", "読み取りのみ"),
    "Notes": ("see the wiki", "-"),
    "Status": ("OK", "active"),
}
"""Columns that documents add to any table, with what they write there; none that says what a row is of."""
CHAPTERS = (
    "運用設計",
    "運用手順",
    "Operations",
    "システム運用",
    *{name for table in TABLES for name in table.headings},
)
STYLES = ("{}", "**{}**", "`{}`")
NEUTRAL = ("一覧", "詳細", "概要", "Overview", "本番環境", "設定値")
"""Headings that say nothing of what is below them."""


@dataclass(frozen=True)
class Built:
    """A document of known tables, with what each of their rows means."""

    text: str
    rows: Mapping[int, tuple[str, Mapping[str, str]]]
    """By line: the kind, and the meaning of each field that a column states."""


@st.composite
def documents(draw: st.DrawFn) -> Built:
    lines: list[str] = []
    rows: dict[int, tuple[str, Mapping[str, str]]] = {}
    for table in draw(st.lists(st.sampled_from(TABLES), min_size=1, max_size=3)):
        columns = [column for column in table.columns if not column.is_optional or draw(st.booleans())]
        names = {column: draw(st.sampled_from(column.names)) for column in columns}
        order: list[Known | str] = draw(
            st.permutations([*columns, *draw(unknown_columns(frozenset(names.values())))])
        )
        header = [names[column] if isinstance(column, Known) else column for column in order]
        lines += draw(headings(table))
        lines += [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
        for _ in range(draw(st.integers(1, 3))):
            drawn = {column: draw(st.sampled_from(column.cells)) for column in columns}
            meant: dict[str, str] = {}
            for column, (_, meaning) in drawn.items():
                meant[column.field] = f"{meant.get(column.field, '')} {meaning}".strip()
            style = draw(st.sampled_from(STYLES))
            cells = [
                drawn[column][0] if isinstance(column, Known) else draw(st.sampled_from(UNKNOWN[column]))
                for column in order
            ]
            lines.append(f"| {' | '.join([style.format(cells[0]), *cells[1:]])} |")
            rows[len(lines)] = table.kind, {field: said for field, said in meant.items() if field}
        lines.append("")
    return Built("\n".join(lines), rows)


@st.composite
def headings(draw: st.DrawFn, table: KnownTable) -> list[str]:
    above = [draw(st.sampled_from(CHAPTERS)), draw(st.sampled_from(table.headings))]
    above += draw(st.lists(st.sampled_from(NEUTRAL), max_size=1))
    return [line for level, text in enumerate(above, 2) for line in (f"{'#' * level} {text}", "")]


def unknown_columns(taken: frozenset[str]) -> st.SearchStrategy[list[str]]:
    same = {"説明"} if "Description" in taken else set()
    return st.lists(st.sampled_from(sorted(UNKNOWN.keys() - taken - same)), max_size=2, unique=True)


def read_of(text: str) -> Design | None:
    try:
        return read_design(text, "手引き.md")
    except UnreadableDocument:
        return None


def meant_of(clause: Clause, meant: Mapping[str, str]) -> Mapping[str, str]:
    """Return what the fields of *clause* should hold; a row with RPO and RTO becomes two clauses."""
    if not isinstance(clause, RecoveryObjective):
        return meant
    return {"subject": meant["subject"], "limit": meant[clause.objective]}


@settings(max_examples=200, deadline=None)
@given(documents())
def test_a_row_is_read_as_it_was_built_or_not_at_all(built: Built) -> None:
    design = read_of(built.text)
    if design is None:
        return
    left = {row.line for row in (*design.unread, *design.not_in_force)}
    read = {clause.origin.line for clause in design.clauses}
    assert read | left == set(built.rows)
    for clause in design.clauses:
        kind, row = built.rows[clause.origin.line]
        meant = meant_of(clause, row)
        assert clause.kind == kind
        assert {field: said(getattr(clause, field)) for field in meant} == meant
