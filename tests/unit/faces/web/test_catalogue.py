"""Everything the pages say in Japanese has an English translation."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from toban.chapters.objectives.report import BUDGET_LEFT
from toban.design.clauses.labels import CHAPTERS
from toban.faces.document.recorded import SENTENCES

PACKAGE = Path(__file__).parents[4] / "src" / "toban"
CATALOGUE = PACKAGE / "locale" / "en" / "LC_MESSAGES" / "django.po"
ENTRY = re.compile(r'^msgid "(.+)"\nmsgstr "(.*)"$', re.MULTILINE)
IN_TEMPLATE = re.compile(r'{% translate "([^"]+)"')
BLOCK_IN_TEMPLATE = re.compile(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")

ORDERED = (
    *("engine/notify", "engine/runs", "engine/telemetry", "chapters/errors", "chapters/logs/saved.py"),
    *("engine/search_parts.py", "faces/words/run_parameters.py"),
)
"""The modules whose refusals are shown on a page; they raise one of `REFUSALS` with a message."""
REFUSALS = {"NotPossible": 2, "BadSearch": 1, "NoParameter": 1}
"""How many arguments of each are messages."""
SAID_BY = ("_", "_known", "gettext_lazy")
JAPANESE = re.compile(r"[ぁ-ん]")
WORD = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def entries() -> dict[str, str]:
    return dict(ENTRY.findall(CATALOGUE.read_text(encoding="utf-8")))


def said() -> Iterator[str]:
    for template in (PACKAGE / "faces").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        yield from IN_TEMPLATE.findall(text)
        for block in BLOCK_IN_TEMPLATE.findall(text):
            yield re.sub(r"{{ (\w+) }}", r"%(\1)s", block)
    for word in refusals():
        either = [word.body, word.orelse] if isinstance(word, ast.IfExp) else [word]
        yield from (str(each.value) for each in either if isinstance(each, ast.Constant))
    yield from CHAPTERS.values()
    for part in ("engine", "chapters", "faces"):
        for module in (PACKAGE / part).rglob("*.py"):
            tree = ast.parse(module.read_text(encoding="utf-8"))
            yield from _calls(tree)
            yield from _told(tree)


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in SAID_BY
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def _told(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of extensions: the labels of their links, and texts with separate values."""
    place = {"Link": 1, "Said": 0}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in place:
            for word in ast.walk(node.args[place[node.func.id]]):
                if isinstance(word, ast.Constant) and WORD.search(str(word.value)):
                    yield str(word.value)


def refusals() -> Iterator[ast.expr]:
    """Yield the messages of refused orders and searches, except plain commands."""
    for part in ORDERED:
        folder = PACKAGE / part
        for module in [folder] if folder.is_file() else folder.rglob("*.py"):
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    said = node.args[: REFUSALS.get(node.func.id, 0)]
                    yield from (each for each in said if JAPANESE.search(ast.unparse(each)))


def test_refusals_keep_their_values_separate_from_the_message() -> None:
    """The catalogue could not find a message with its values inside."""
    filled = [each for said in refusals() for each in ast.walk(said) if isinstance(each, ast.JoinedStr)]

    assert [ast.unparse(each) for each in filled] == []


def test_the_catalogue_has_every_sentence_that_is_recorded() -> None:
    calls = [
        node.args[0]
        for part in ("engine", "chapters", "faces")
        for module in (PACKAGE / part).rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "recorded"
    ]
    written = {str(each.value) for each in calls if isinstance(each, ast.Constant)}

    assert written | {BUDGET_LEFT} == set(SENTENCES)


def test_every_text_of_the_pages_has_an_english_translation() -> None:
    known = entries()

    assert [text for text in sorted(set(said())) if not known.get(text)] == []


def test_no_translation_is_unused() -> None:
    assert sorted(entries().keys() - set(said())) == []


def test_both_languages_fill_in_the_same_values() -> None:
    values = [
        (sorted(PLACEHOLDER.findall(text)), text, sorted(PLACEHOLDER.findall(english)))
        for text, english in entries().items()
    ]

    assert [each for each in values if each[0] != each[2]] == []
