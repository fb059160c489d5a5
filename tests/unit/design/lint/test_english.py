"""Findings in English: complete sentences, with no Japanese but the words of the document."""

import re
from datetime import date
from pathlib import Path

import pytest

from toban.design.document_file import UnreadableDocument
from toban.design.finding import Finding
from toban.design.lint import RULES, inspect
from toban.design.lint.rule import Rule
from toban.design.reader import read_design

FIXTURES = Path(__file__).parent / "fixtures"
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]+")


def findings(code: str) -> list[Finding]:
    text = (FIXTURES / f"{code}.bad.md").read_text(encoding="utf-8")
    design = read_design(text, "運用設計書.md")
    return [finding for finding in inspect(design, date(2026, 4, 1)) if finding.code == code]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_only_words_of_the_document_are_japanese(rule: Rule) -> None:
    document = (FIXTURES / f"{rule.code}.bad.md").read_text(encoding="utf-8")
    english = [
        re.sub("「[^」]*」", "", part.in_language("en"))
        for finding in findings(rule.code)
        for part in (finding.message, finding.hint)
    ]

    assert english
    assert [word for text in english for word in JAPANESE.findall(text) if word not in document] == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "BK003",
            (
                "A backup every 30 min does not ensure the RPO of 30 min (line 13). "
                "The worst loss is the interval plus the time that the backup takes"
            ),
        ),
        (
            "BK005",
            (
                "4 generations cover 28 d, but the retention is 90 d. It is unclear which of them decides"
                " what is deleted"
            ),
        ),
        (
            "CO002",
            (
                "The items (lines 9-10) add up to ¥340,000, which is ¥40,000 more than the total budget"
                " ¥300,000"
            ),
        ),
        (
            "XX001",
            (
                '"売上集計" starts during planned maintenance (line 7), 12 times in the next 12 months, '
                "first 2026-04-19 (Sun), 2026-05-17 (Sun), 2026-06-21 (Sun)"
            ),
        ),
        ("XX003", '"深夜" is taken as 2:00'),
        ("XX006", "1 row was not understood (line 8): nothing is done for it"),
    ],
)
def test_a_finding_reads_as_an_engineer_would_write_it(code: str, message: str) -> None:
    (finding,) = findings(code)

    assert finding.message.in_language("en") == message


def test_holidays_have_their_english_names() -> None:
    (finding,) = findings("RT001")

    assert "2026-10-12 (Sports Day), 2027-01-11 (Coming of Age Day)" in finding.message.in_language("en")


def test_the_reason_of_an_unread_row_names_cell_words_and_expectation() -> None:
    text = (FIXTURES / "XX006.bad.md").read_text(encoding="utf-8")

    (row,) = read_design(text, "運用設計書.md").unread

    assert row.reason.in_language("en") == '警告: "高いとき" is not a threshold'


def test_an_unreadable_document_says_why_and_what_to_do() -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_design("", "ops.md")

    message, hint = caught.value.args[0], caught.value.hint
    assert message.in_language("en") == "ops.md: the document is empty"
    assert hint.in_language("en") == "name the Markdown file of an operations design"
