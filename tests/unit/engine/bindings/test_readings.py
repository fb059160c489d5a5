"""`[[reading]]`: what bindings declare about the document, as a part of the version in force."""

from pathlib import Path

import pytest
from tests.registered import PARTS, schema

from toban.design.clauses.monitoring import Monitor
from toban.design.reader import read_design
from toban.engine.bindings.changed import changed_tables
from toban.engine.bindings.load import UnreadableBindings, declared_in, read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.editions.gate.powers import changes, powers_of
from toban.engine.editions.inforce import EditionInForce

DOCUMENT = """\
# 手引き

## いろいろ

| 品 | こと | 危険 |
|---|---|---|
| Web | CPU使用率 | 90%以上 |
"""
BINDINGS = """\
[[reading]]
heading = "いろいろ"
table = ["品", "こと", "危険"]
declares = "監視 対象=品 項目=こと 異常=危険"
"""


def test_the_version_in_force_is_read_as_its_bindings_declare(tmp_path: Path) -> None:
    document, bindings = tmp_path / "d.md", tmp_path / "toban.toml"
    document.write_text(DOCUMENT, encoding="utf-8")
    bindings.write_text(BINDINGS, encoding="utf-8")
    kept = tmp_path / "kept"
    in_force = EditionInForce(document, bindings, schema(), kept=kept)

    edition = in_force.refresh()
    in_force.keep()

    assert isinstance(edition, Edition)
    assert [each.target for each in edition.design.of(Monitor)] == ["Web"]
    copy = EditionInForce(document, bindings, schema(), kept=kept).last_kept()
    assert copy is not None
    assert copy.design == edition.design
    assert copy.digests == edition.digests


def test_pages_know_a_version_by_what_its_bindings_declare() -> None:
    bound = read_bindings(BINDINGS, Path("toban.toml"), schema())
    without = read_bindings("", Path("toban.toml"), schema())
    design = read_design(DOCUMENT, "d.md", bound.readings)

    assert Edition(design, bound).reading != Edition(design, without).reading == design.digest


def test_a_declaration_is_guarded_like_any_other_change() -> None:
    bound = read_bindings(BINDINGS, Path("toban.toml"), schema())
    other = read_bindings(BINDINGS.replace("異常", "警告"), Path("toban.toml"), schema())
    former, new = (
        powers_of(Edition(read_design(DOCUMENT, "d.md", each.readings), each, PARTS.kinds), {})
        for each in (bound, other)
    )

    assert len(changes(former, new)) == 1


def test_the_declarations_alone_are_read_without_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "toban.toml"
    path.write_text(f"{BINDINGS}\n[unknown]\nkey = 1\n", encoding="utf-8")

    (found,) = declared_in(path)

    assert found.headings == ("いろいろ",)
    assert found.declaration.kind == "監視"
    assert found.declaration.origin.line == 1
    assert declared_in(tmp_path / "none.toml") == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[[reading]]\ndeclares = "監視"\n', "BD004"),
        ('[[reading]]\nheading = "x"\n', "BD003"),
        ('[[reading]]\nheading = "x"\ndeclares = "監視"\nkind = "x"\n', "BD002"),
        ("[[reading]]\nheading = x\n", "BD001"),
    ],
)
def test_what_is_wrong_with_one_is_a_finding_with_its_line(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "toban.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(UnreadableBindings) as caught:
        declared_in(path)
    with pytest.raises(UnreadableBindings) as whole:
        read_bindings(text, path, schema())

    assert [each.code for each in caught.value.findings] == [code]
    assert [str(each) for each in caught.value.findings] == [str(each) for each in whole.value.findings]


def test_a_changed_declaration_is_named_and_a_moved_one_is_no_change() -> None:
    former, changed, moved = (
        read_bindings(text, Path("toban.toml"), schema())
        for text in (BINDINGS, BINDINGS.replace("異常", "警告"), f"# 注\n\n{BINDINGS}")
    )

    assert [str(each) for each in changed_tables(former, changed)] == ["[reading]"]
    assert changed_tables(former, moved) == ()
