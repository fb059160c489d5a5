"""The reader with third-party documents, which are not part of this project."""

import os
from pathlib import Path

import pytest

from toban.design.document_file import UnreadableDocument
from toban.design.markdown import MarkdownTable
from toban.design.reader import Design, load_design

FOLDER = os.environ.get("TOBAN_CORPUS", "")
DOCUMENTS = sorted(Path(FOLDER).glob("[0-9]*.md")) if FOLDER else []

pytestmark = pytest.mark.skipif(not DOCUMENTS, reason="TOBAN_CORPUS names no folder of documents to try")


def read_or_none(path: Path) -> Design | None:
    try:
        return load_design(path)
    except UnreadableDocument:
        return None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_documents_about_other_subjects_are_refused_and_all_others_are_read(path: Path) -> None:
    assert (read_or_none(path) is None) == ("_NEG_" in path.name)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_no_table_row_is_lost(path: Path) -> None:
    design = read_or_none(path)
    if design is None:
        pytest.skip("refused as about another subject")

    known = {clause.origin.line for clause in design.clauses}
    known |= {row.line for row in (*design.unread, *design.not_in_force, *design.aside)}

    rows = {row.line for block in design.blocks if isinstance(block, MarkdownTable) for row in block.rows}
    assert rows <= known


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_ids_are_unique_and_line_numbers_are_inside_the_file(path: Path) -> None:
    design = read_or_none(path)
    if design is None:
        pytest.skip("refused as about another subject")

    ids = [clause.id for clause in design.clauses]

    assert len(set(ids)) == len(ids)
    lines = path.read_text(encoding="utf-8").count("\n") + 1
    assert all(1 <= clause.origin.line <= lines for clause in design.clauses)
