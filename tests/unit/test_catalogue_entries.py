"""No catalogue has two entries for the same words: which of them counts is chance."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CATALOGUES = [*sorted((ROOT / "src").rglob("*.po")), *sorted((ROOT / "examples").rglob("*.po"))]
_TEXT = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
_ENTRY = re.compile(rf"^(?:msgctxt {_TEXT})?msgid {_TEXT}", re.MULTILINE)


def duplicates(catalogue: str) -> list[tuple[str, str]]:
    """Return the contexts and words that have more than one entry; obsolete entries don't count."""
    found = Counter((_joined(context), _joined(words)) for context, words in _ENTRY.findall(catalogue))
    return [entry for entry, count in found.items() if count > 1]


def _joined(written: str) -> str:
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', written))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_words_have_two_entries(path: Path) -> None:
    assert duplicates(path.read_text(encoding="utf-8")) == []


def test_an_entry_counts_with_its_context_and_however_its_lines_are_broken() -> None:
    one = 'msgid "a b"\nmsgstr "1"\n\nmsgctxt "verb"\nmsgid "a b"\nmsgstr "2"\n\n'
    again = 'msgid ""\n"a "\n"b"\nmsgstr "3"\n'

    assert duplicates(one) == []
    assert duplicates(one + again) == [("", "a b")]
