"""Everything the pages say in Japanese has an English translation."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[4] / "src" / "toban"
CATALOGUE = PACKAGE / "locale" / "en" / "LC_MESSAGES" / "django.po"
ENTRY = re.compile(r'^msgid "(.+)"\nmsgstr "(.*)"$', re.MULTILINE)
IN_TEMPLATE = re.compile(r'{% translate "([^"]+)"')
BLOCK_IN_TEMPLATE = re.compile(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
MARKUP = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}")
JAPANESE = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]+")
SAID_BY = ("_", "gettext_lazy")


def entries() -> dict[str, str]:
    return dict(ENTRY.findall(CATALOGUE.read_text(encoding="utf-8")))


def said() -> Iterator[str]:
    """Yield the texts that templates and modules translate; messages have catalogues of their own."""
    for template in (PACKAGE / "faces").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        yield from IN_TEMPLATE.findall(text)
        for block in BLOCK_IN_TEMPLATE.findall(text):
            yield re.sub(r"{{ (\w+) }}", r"%(\1)s", block)
    for module in PACKAGE.rglob("*.py"):
        yield from calls(ast.parse(module.read_text(encoding="utf-8")))


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in SAID_BY
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


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


def test_pages_say_nothing_in_japanese_that_is_not_translated() -> None:
    templates = (PACKAGE / "faces").rglob("*.html")
    bare = (MARKUP.sub("", BLOCK_IN_TEMPLATE.sub("", each.read_text(encoding="utf-8"))) for each in templates)

    # The name, and the language that the switch leads to.
    assert {text for each in bare for text in JAPANESE.findall(each)} == {"当番", "日本語"}
