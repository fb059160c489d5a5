"""Every message that the code says is in both languages, with the values that the code gives it."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from toban.catalogue import LANGUAGES

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "src/toban"
BY_TEXT = {"click", "django", "help"}
"""The catalogues by text: pages, help of commands, words of click. All others are by code."""
CODE = re.compile(r"[a-z]+(-[a-z]+)*\.[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*")
PLACEHOLDER = re.compile(r"%\((\w+)\)")
QUOTED = re.compile(r"「[^」]*」|`[^`]*`")
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class SaidMessage:
    """A message in the code: `code` is a pattern where a part of it is only known when the code runs."""

    at: str
    code: str
    values: frozenset[str] | None
    """The names of its values; None if they are only known when the code runs."""


@dataclass(frozen=True, slots=True)
class ModuleTexts:
    """What one module of Toban writes; a tree of all of them would fill the memory."""

    file: Path
    said: tuple[SaidMessage, ...]
    written: frozenset[str]
    sentences: tuple[tuple[int, str], ...]


@cache
def modules() -> tuple[ModuleTexts, ...]:
    return tuple(map(texts_of, sorted(PACKAGE.rglob("*.py"))))


def texts_of(file: Path) -> ModuleTexts:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    values = (node.value for node in nodes if isinstance(node, ast.Constant))
    return ModuleTexts(
        file,
        tuple(messages(nodes, str(file.relative_to(ROOT)))),
        frozenset(each for each in values if isinstance(each, str)),
        tuple(sentences_in(nodes)),
    )


def said() -> Iterator[SaidMessage]:
    return (each for module in modules() for each in module.said)


def messages(nodes: Sequence[ast.AST], name: str) -> Iterator[SaidMessage]:
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Message":
            names = frozenset(each.arg for each in node.keywords if each.arg is not None)
            is_known = all(each.arg is not None for each in node.keywords)
            for code in codes(node.args[0]):
                yield SaidMessage(f"{name}:{node.lineno}", code, names if is_known else None)


def codes(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(code)) if code:
            yield re.escape(code)
        case ast.JoinedStr(values=parts):
            yield "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-zA-Z0-9-]+"
                for part in parts
            )
        case ast.IfExp(body=body, orelse=orelse):
            yield from codes(body)
            yield from codes(orelse)
        case _:
            return


@cache
def entries(language: str) -> Mapping[str, tuple[str, ...]]:
    """The sentences of each code: several if it has plural forms."""
    found: dict[str, tuple[str, ...]] = {}
    for file in sorted(PACKAGE.rglob(f"locale/{language}/LC_MESSAGES/*.po")):
        if file.stem in BY_TEXT:
            continue
        with file.open("rb") as source:
            for entry in read_po(source, locale=language):
                if entry.id:
                    code = entry.id if isinstance(entry.id, str) else entry.id[0]
                    assert code.startswith(f"{file.stem}."), f"{code} stands in {file.name}"
                    found[code] = (
                        (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
                    )
    return found


def test_codes_say_their_domain_and_what_they_say() -> None:
    assert [code for code in entries("ja") if not CODE.fullmatch(code)] == []


def test_both_languages_have_the_same_messages() -> None:
    assert set(entries("ja")) == set(entries("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_has_a_sentence(language: str) -> None:
    known = "\n".join(entries(language))
    literal = set(map(re.escape, entries(language)))
    missing = [
        f"{each.at} {each.code}"
        for each in said()
        if each.code not in literal and not re.search(f"^{each.code}$", known, re.MULTILINE)
    ]

    assert missing == []
    assert [code for code, sentences in entries(language).items() if not all(sentences)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_names_only_values_that_the_code_gives(language: str) -> None:
    given: dict[str, list[SaidMessage]] = {}
    for each in said():
        given.setdefault(each.code, []).append(each)
    wrong = [
        f"{each.at}: {code} wants {sorted(wanted - each.values)}"
        for code, sentences in entries(language).items()
        for each in given.get(re.escape(code), ())
        for wanted in [set(PLACEHOLDER.findall(" ".join(sentences)))]
        if each.values is not None and not wanted <= each.values
    ]

    assert wrong == []


def test_every_sentence_is_said_somewhere() -> None:
    """By a message with its code, by a code that is put together, or by a table of codes."""
    patterns = [re.compile(each.code) for each in said() if "[" in each.code]
    written = frozenset().union(*(module.written for module in modules()))
    unused = [
        code
        for code in entries("ja")
        if code not in written and not any(pattern.fullmatch(code) for pattern in patterns)
    ]

    assert unused == []


def test_english_sentences_quote_japanese_words_or_have_none() -> None:
    mixed = {
        code: sentence
        for code, sentences in entries("en").items()
        for sentence in sentences
        if JAPANESE.search(QUOTED.sub("", sentence))
    }

    assert mixed == {}


READERS_OF_DOCUMENTS = (
    "design/clauses", "design/reading", "design/reader.py", "design/shapes", "design/values",
    "chapters/batch/practice.py", "chapters/monitoring/counting.py",
)  # fmt: skip
"""What recognises the words of documents."""
SENTENCE = re.compile(r"[\u3040-\u309f]{2}")
PAGES_OWN = {"_", "gettext", "gettext_lazy", "re.compile"}
"""Pages have Django's catalogue, by text; patterns recognise a document's words."""


def sentences_in(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    found = [each for each in nodes if isinstance(each, ast.Constant) and is_sentence(each.value)]
    # Most modules have none.
    if not found:
        return
    said_elsewhere = {
        id(inner)
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) in PAGES_OWN
        for inner in ast.walk(node)
    }
    explained = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in found:
        if id(node) not in said_elsewhere | explained:
            yield node.lineno, str(node.value)


def is_sentence(value: object) -> bool:
    return isinstance(value, str) and SENTENCE.search(value) is not None


def test_sentences_are_in_the_catalogues_and_not_in_the_code() -> None:
    left = [
        f"{name}:{line} {text}"
        for module in modules()
        for name in [str(module.file.relative_to(PACKAGE))]
        if not name.startswith(READERS_OF_DOCUMENTS)
        for line, text in module.sentences
    ]

    assert left == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise Oops(f"{a} を読めません")', [(1, " を読めません")]),
        ('"""説明です。"""\nx = _("読めません")', []),
    ],
)
def test_a_sentence_in_the_code_is_found(source: str, found: list[tuple[int, str]]) -> None:
    assert list(sentences_in(list(ast.walk(ast.parse(source))))) == found
