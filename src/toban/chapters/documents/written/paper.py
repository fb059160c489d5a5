"""A document that Toban writes, as values, and as Markdown. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from toban.message import Message

type Words = Message | str
"""What Toban says, in the reader's language; or what the document or the bindings say, as written."""

_MARKUP = re.compile(r"([\\`*_\[\]<>|#~])")
_FENCE = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class Title:
    """A heading; 2 is the level below the document's own."""

    level: int
    text: Words


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: Words


@dataclass(frozen=True, slots=True)
class Bullet:
    """An entry of a list."""

    text: Words


@dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    header: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Commands or a diagram, as they are written."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing that stands in a file beside the document."""

    file: str
    description: Words


type PaperBlock = Title | Text | Bullet | Grid | Code | Picture


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole document."""

    title: Words
    blocks: tuple[PaperBlock, ...]


def said(words: Words, language: str) -> str:
    """Return *words* in *language*."""
    return words.in_language(language) if isinstance(words, Message) else words


def markdown(paper: Paper, language: str) -> str:
    """Return *paper* as Markdown, in which nothing that the document or the bindings say is markup."""
    parts = [f"# {_line(paper.title, language)}"]
    # The entries of a list stand together.
    for is_list, blocks in groupby(paper.blocks, lambda each: isinstance(each, Bullet)):
        written = [_written(each, language) for each in blocks]
        parts += ["\n".join(written)] if is_list else written
    return "\n\n".join(parts) + "\n"


def _written(block: PaperBlock, language: str) -> str:
    match block:
        case Title(level, text):
            return f"{'#' * level} {_line(text, language)}"
        case Text(text):
            return _line(text, language)
        case Bullet(text):
            return f"- {_line(text, language)}"
        case Grid():
            return "\n".join(_grid(block, language))
        case Code(text, kind):
            longest = max((len(each) for each in _FENCE.findall(text)), default=2)
            fence = "`" * (longest + 1)
            return f"{fence}{kind}\n{text}\n{fence}"
        case Picture(file, description):
            return f"![{_line(description, language)}]({file})"


def _grid(grid: Grid, language: str) -> Iterator[str]:
    yield _row(grid.header, language)
    yield "|" + "---|" * len(grid.header)
    yield from (_row(each, language) for each in grid.rows)


def _row(cells: tuple[Words, ...], language: str) -> str:
    return "| " + " | ".join(_line(each, language) for each in cells) + " |"


def _line(words: Words, language: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(said(words, language).split()))
