"""`docs/words.md` is what the pages say: one concept, one word."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "src" / "toban"
CATALOGUE = PACKAGE / "locale" / "en" / "LC_MESSAGES" / "django.po"
ENTRY = re.compile(r'^msgid "(.+)"\nmsgstr "(.*)"$', re.MULTILINE)
IN_TEMPLATE = re.compile(r"{% translate \"([^\"]+)\"|{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}")
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table under *heading*, without its head."""
    chapter = (ROOT / "docs" / "words.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1]
    rows = [line for line in chapter.split("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


WORDS = {japanese: english for _concept, japanese, english, _code in table("The words")}
AVOIDED = [word for word, _instead in table("使わない語")]


def catalogue() -> list[tuple[str, str]]:
    return ENTRY.findall(CATALOGUE.read_text(encoding="utf-8"))


def in_templates() -> set[str]:
    pages = (page.read_text(encoding="utf-8") for page in (PACKAGE / "faces").rglob("*.html"))
    return {text for page in pages for found in IN_TEMPLATE.findall(page) for text in found if text}


def holds(word: str, text: str) -> bool:
    """Whether *word* stands in *text*: Japanese as it is, English as a word of its own, in either case."""
    if JAPANESE.search(word):
        return word in text
    return re.search(rf"\b{re.escape(word)}s?\b", text, re.IGNORECASE) is not None


def test_the_pages_say_each_word_in_english_as_the_glossary_does() -> None:
    said = [(japanese, english) for japanese, english in catalogue() if japanese in WORDS]

    assert [each for each in said if WORDS[each[0]] != each[1]] == []
    assert len(said) > len(WORDS) * 0.9, "the glossary's words are those that the pages say"


@pytest.mark.parametrize("word", AVOIDED)
def test_no_text_of_the_pages_says_a_word_that_is_not_used(word: str) -> None:
    said = {text for entry in catalogue() for text in entry} | in_templates()

    assert sorted(text for text in said if holds(word, text)) == []
