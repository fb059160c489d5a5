"""Every code has a page in the manual whose example really produces the text it shows."""

import re
from datetime import date
from pathlib import Path

import pytest

from toban.design.lint import RULES, inspect
from toban.design.lint.rule import Rule
from toban.design.reader import read_design

PAGES = Path(__file__).parents[4] / "docs" / "findings"
FIXTURES = Path(__file__).parent / "fixtures"
TODAY = date(2026, 4, 1)
DOCUMENT = "運用設計書.md"
LEVELS = {"error": "エラー", "warning": "警告", "info": "情報"}

LIVE = "LV"
"""The codes that `toban check --live` finds by trying: their pages have separate tests."""

by_code = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def findings(text: str, code: str) -> list[str]:
    found = inspect(read_design(text, DOCUMENT), TODAY)
    return [str(finding) for finding in found if finding.code == code]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^````{language}\n(.*?)^````$", page, re.MULTILINE | re.DOTALL)


@by_code
def test_bad_fixture_gives_exactly_this_text(rule: Rule) -> None:
    document = (FIXTURES / f"{rule.code}.bad.md").read_text(encoding="utf-8")

    text = "".join(f"{finding}\n" for finding in findings(document, rule.code))

    assert text == (FIXTURES / f"{rule.code}.txt").read_text(encoding="utf-8")
    assert text


@by_code
def test_page_shows_the_bad_fixture_and_its_finding(rule: Rule) -> None:
    page = (PAGES / f"{rule.code}.md").read_text(encoding="utf-8")

    bad, _ = blocks(page, "markdown")

    assert bad == (FIXTURES / f"{rule.code}.bad.md").read_text(encoding="utf-8")
    assert blocks(page, "text") == [(FIXTURES / f"{rule.code}.txt").read_text(encoding="utf-8")]


@by_code
def test_the_corrected_example_of_the_page_has_no_finding(rule: Rule) -> None:
    page = (PAGES / f"{rule.code}.md").read_text(encoding="utf-8")

    _, mended = blocks(page, "markdown")

    assert findings(mended, rule.code) == []


@by_code
def test_page_names_the_code_and_its_level(rule: Rule) -> None:
    page = (PAGES / f"{rule.code}.md").read_text(encoding="utf-8")

    assert page.startswith(f"# {rule.code} ")
    assert f"レベル: {LEVELS[rule.level]}" in page


def test_codes_are_unique_and_well_formed() -> None:
    codes = [rule.code for rule in RULES]

    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[A-Z]{2}\d{3}", code) for code in codes)


def test_every_page_and_fixture_belongs_to_a_code() -> None:
    codes = {rule.code for rule in RULES}

    pages = {page.stem for page in PAGES.glob("[A-Z][A-Z]*.md") if not page.stem.startswith(LIVE)} - {
        "README"
    }
    fixtures = {fixture.name.split(".")[0] for fixture in FIXTURES.glob("[A-Z][A-Z]*")}

    assert pages == codes
    assert fixtures == codes


def test_index_lists_every_code() -> None:
    index = (PAGES / "README.md").read_text(encoding="utf-8")

    listed = re.findall(r"\[([A-Z]{2}\d{3})\]\(\1\.md\)", index)
    assert [code for code in listed if not code.startswith(LIVE)] == sorted(rule.code for rule in RULES)


def test_clean_document_has_no_findings() -> None:
    design = read_design((FIXTURES / "clean.md").read_text(encoding="utf-8"), DOCUMENT)

    assert [str(finding) for finding in inspect(design, TODAY)] == []
    assert len(design.clauses) > 40
