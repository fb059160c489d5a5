"""Markdown text to blocks, each with the lines it is on.

The blocks keep the document's order, so that a page can show the document as its author wrote it. Content
without rules is already dropped here: YAML front matter, HTML comments, thematic breaks, emphasis marks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.rules_block.table import escapedSplit
from markdown_it.token import Token


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `level` 1 to 6."""

    level: int
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text, or HTML as written."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table row: one plain-text cell for each column of its table, `<br>` as a newline.

    A row with too few cells is padded with empty ones.
    """

    cells: tuple[str, ...]
    line: int
    surplus: int = 0
    """How many cells the row has beyond the table's columns; Markdown does not show those."""


@dataclass(frozen=True, slots=True)
class MarkdownTable:
    """A table; `line` is that of its header."""

    header: tuple[str, ...]
    rows: tuple[TableRow, ...]
    line: int


@dataclass(frozen=True, slots=True)
class ListItem:
    """One entry of a list; `depth` 0 is the outermost."""

    text: str
    line: int
    depth: int = 0
    checked: bool | None = None
    """The state of a check box; None if there is no check box."""
    ordered: bool = False
    """Whether it is numbered: a list may hold both kinds, one nested in the other."""


@dataclass(frozen=True, slots=True)
class BulletList:
    """A bulleted list, nested entries in line order."""

    items: tuple[ListItem, ...]
    line: int


@dataclass(frozen=True, slots=True)
class NumberedList:
    """A numbered list, nested entries in line order."""

    items: tuple[ListItem, ...]
    line: int


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced or indented block; `language` is the fence's first word, `line` the fence's line."""

    language: str
    text: str
    line: int


Block = Heading | Paragraph | MarkdownTable | BulletList | NumberedList | CodeBlock


@dataclass(frozen=True, slots=True)
class Comment:
    """An HTML comment that begins and ends on one line, alone on it; `text` is what is in it."""

    text: str
    line: int


def parse(text: str) -> tuple[Block, ...]:
    """Return the blocks of *text* in document order, in time linear in its length; accepts any text."""
    source = _LineSource.of(text)
    tokens = _BLOCKS.parse("\n".join(source.lines))
    return tuple(_TokenWalk(tokens, source).blocks())


def comments(text: str) -> tuple[Comment, ...]:
    """Return the comments of *text* outside code that have a line of their own."""
    if "<!--" not in text:
        return ()
    lines = _with_nested_fences(_lines(text))
    kept = _without_comments(lines, _front_matter_length(lines))
    text_lines = {number for line, number in kept if line.lstrip(" \t>") != _ADDRESSED}
    found = ((number, _COMMENT.fullmatch(line)) for number, line in enumerate(lines, start=1))
    return tuple(
        Comment(match["text"], number) for number, match in found if match and number not in text_lines
    )


# `_plain` runs the inline rules only for cells that need them: most cells have no mark-up.
_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline").disable("reference")
_INLINE = MarkdownIt("commonmark")

_MARKED = re.compile(r"[*_`\[\]!<>&\\\n]")
# CommonMark does not close bold between a bracket and a letter (**目標（SLO）**は); readers see it as bold.
_LEFT_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_FORMATTING = re.compile(
    r"</?(?:a|b|big|center|code|em|font|i|kbd|mark|s|small|span|strong|sub|sup|u)\b[^>]*>", re.IGNORECASE
)
_COMMENT = re.compile(r"[\s>]*<!--(?P<text>(?:(?!-->).)*)-->\s*")
_TO_TOBAN = re.compile(r"(?P<before>[\s>]*)<!--\s*toban\s*[:：](?:(?!-->).)*-->\s*", re.IGNORECASE)
_ADDRESSED = "<!---->"
"""Stands for a comment to Toban: it keeps apart what is above and below it, as the author sees it."""
_FENCE = re.compile(r"[\s>]*(?:[-*+]\s+|\d+[.)]\s+)?(`{3,}|~{3,})(.*)")
_BARE_FENCE = re.compile(r" {0,3}```(?P<info>[^`]*)\s*")
_LONG_FENCE = "`" * 12
_EXAMPLES = frozenset({"markdown", "md"})
_LIST_OPENS = ("bullet_list_open", "ordered_list_open")
_LIST_CLOSES = ("bullet_list_close", "ordered_list_close")
_INSIDE_ENTRIES = ("table_open", "fence", "code_block", "html_block")
_CHECKBOX = re.compile(r"\[([ xX])\]\s+")


@dataclass(frozen=True, slots=True)
class _LineSource:
    """The lines left to parse, and the line number of each in the file."""

    lines: list[str]
    numbers: list[int]

    @classmethod
    def of(cls, text: str) -> "_LineSource":
        lines = _lines(text)
        kept = list(_without_comments(_with_nested_fences(lines), _front_matter_length(lines)))
        return cls([line for line, _ in kept], [number for _, number in kept])

    def number(self, token: Token) -> int:
        """Return the 1-based line in the file that *token* starts on."""
        return self.numbers[token.map[0]] if token.map else 1


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _with_nested_fences(lines: list[str]) -> list[str]:
    """Return the lines with the fence of an example document made longer than the fences in it.

    CommonMark ends ```markdown at the first ``` after it. If that closes a ```bash of the example, the rest
    of the example would pass for the document's own text.
    """
    changed = list(lines)
    opened: list[int] = []
    has_nested = False
    for index, line in enumerate(lines):
        match = _BARE_FENCE.fullmatch(line)
        if match is None:
            continue
        if match["info"]:
            if opened or match["info"].split()[0].lower() in _EXAMPLES:
                has_nested |= bool(opened)
                opened.append(index)
        elif opened:
            start = opened.pop()
            if not opened and has_nested:
                for at in (start, index):
                    changed[at] = lines[at].replace("```", _LONG_FENCE, 1)
                has_nested = False
    return changed


def _front_matter_length(lines: list[str]) -> int:
    """Return how many lines at the top are YAML front matter; 0 if a thematic break (---) opens the text."""
    if lines[0].rstrip() != "---" or len(lines) < 2 or not re.match(r"[\w-]+\s*:", lines[1]):
        return 0
    for index, line in enumerate(lines[1:], start=1):
        if line.rstrip() in ("---", "..."):
            return index + 1
    return 0


def _without_comments(lines: list[str], start: int) -> Iterator[tuple[str, int]]:
    """Drop HTML comments outside code, and the lines this leaves empty, which would cut a table in two.

    One that addresses Toban is about what follows it, which begins anew: between two lists it parts them.
    """
    last_end = max((index for index, line in enumerate(lines) if "-->" in line), default=-1)
    fence = ""
    inside = False
    for index, line in enumerate(lines[start:], start=start):
        if not inside:
            fence = _fence_after(fence, line)
        if fence or not (inside or "<!--" in line):
            yield line, index + 1
            continue
        addressed = _TO_TOBAN.fullmatch(line) if not inside and not _is_in_table(lines, index) else None
        if addressed is not None:
            yield f"{addressed['before']}{_ADDRESSED}", index + 1
            continue
        text, inside = _cut_comments(line, inside=inside, closes_later=index < last_end)
        if text.strip():
            yield text, index + 1


def _is_in_table(lines: list[str], index: int) -> bool:
    around = (lines[at].lstrip(" \t>") for at in (index - 1, index + 1) if 0 <= at < len(lines))
    return [line.startswith("|") for line in around] == [True, True]


def _fence_after(fence: str, line: str) -> str:
    """Return the code fence that is open after *line*, or an empty text."""
    match = _FENCE.match(line)
    if match is None:
        return fence
    mark, rest = match.groups()
    if not fence:
        return "" if mark[0] == "`" and "`" in rest else mark
    return "" if mark.startswith(fence) and not rest.strip() else fence


def _cut_comments(line: str, *, inside: bool, closes_later: bool) -> tuple[str, bool]:
    """Return *line* without its comments, and whether one is still open at its end."""
    kept: list[str] = []
    at = ticks = 0
    last_end = len(line) if closes_later else line.rfind("-->")
    while True:
        if inside:
            end = line.find("-->", at)
            if end < 0:
                return "".join(kept), True
            at, inside = end + 3, False
        start = line.find("<!--", at)
        ticks += line.count("`", at, max(start, at))
        # Quoted (`<!--`) or never closed: it is text like any other.
        if start < 0 or start > last_end or ticks % 2 == 1:
            return "".join([*kept, line[at:]]), False
        kept.append(line[at:start])
        at, inside = start + 4, True


def _plain(content: str) -> str:
    """Return the text a reader sees, without mark-up; a line break is a newline."""
    if not _MARKED.search(content):
        return content.strip()
    tokens = _INLINE.parseInline(content)
    text = "".join(_seen(child) for token in tokens for child in token.children or ())
    lines = (line.strip() for line in _LEFT_BOLD.sub(r"\1", text).split("\n"))
    return "\n".join(lines).strip()


def _seen(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    if token.type == "html_inline":
        # Anything else in angle brackets is the author's own (<region>) and must not vanish.
        return _FORMATTING.sub("", _BREAK.sub("\n", token.content))
    return token.content


@dataclass(slots=True)
class _OpenItem:
    """A list entry whose parts are still being collected."""

    line: int
    depth: int
    ordered: bool
    parts: list[str] = field(default_factory=list)

    def close(self) -> ListItem | None:
        text = "\n".join(self.parts).strip()
        box = _CHECKBOX.match(text)
        checked = None if box is None else box.group(1) != " "
        text = text if box is None else text[box.end() :].strip()
        return ListItem(text, self.line, self.depth, checked, self.ordered) if text else None


class _TokenWalk:
    """One pass over the token stream."""

    def __init__(self, tokens: list[Token], source: _LineSource) -> None:
        self._tokens = tokens
        self._source = source
        self._at = 0

    def blocks(self) -> Iterator[Block]:
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.type in _LIST_OPENS:
                yield from self._list()
            else:
                yield from self._leaf(token)

    def _leaf(self, token: Token) -> Iterator[Block]:
        """Yield the block that starts at *token*, if any, and move past it."""
        line = self._source.number(token)
        if token.type == "table_open":
            yield from self._table()
            return
        self._at += 1
        if token.type == "heading_open":
            yield Heading(int(token.tag[1]), _plain(self._tokens[self._at].content), line)
        elif token.type == "paragraph_open":
            yield Paragraph(_plain(self._tokens[self._at].content), line)
        elif token.type == "html_block" and token.content.strip() != _ADDRESSED:
            yield Paragraph(token.content.strip(), line)
        elif token.type in ("fence", "code_block"):
            language = (token.info.split() or [""])[0]
            yield CodeBlock(language, token.content.rstrip("\n"), line)

    def _table(self) -> Iterator[Block]:
        start = self._source.number(self._tokens[self._at])
        header: tuple[str, ...] = ()
        rows: list[TableRow] = []
        behind: list[Block] = []
        cells: list[str] = []
        token = self._tokens[self._at]
        while token.type != "table_close":
            if token.type == "tr_open":
                cells = []
                opened = token
            elif token.type == "inline":
                cells.append(_plain(token.content))
            elif token.type == "tr_close":
                if not header:
                    header = tuple(cells)
                else:
                    self._add_row(opened, cells, rows, behind)
            self._at += 1
            token = self._tokens[self._at]
        self._at += 1
        yield MarkdownTable(header, tuple(rows), start)
        yield from behind

    def _add_row(self, opened: Token, cells: list[str], rows: list[TableRow], behind: list[Block]) -> None:
        """Add the row; a line without a bar is a paragraph that follows the table without an empty line."""
        written = self._source.lines[opened.map[0]].lstrip(" \t>").rstrip() if opened.map else ""
        line = self._source.number(opened)
        if "|" not in written:
            behind.append(Paragraph(_plain(written), line))
            return
        columns = len(escapedSplit(written.removeprefix("|").removesuffix("|")))
        rows.append(TableRow(tuple(cells), line, max(0, columns - len(cells))))

    def _list(self) -> Iterator[Block]:
        """Yield the list that starts here, then the tables and code inside its entries."""
        opening = self._tokens[self._at]
        items: list[_OpenItem] = []
        inner: list[Block] = []
        lists: list[bool] = []
        stack: list[_OpenItem] = []
        while True:
            token = self._tokens[self._at]
            if token.type in _INSIDE_ENTRIES:
                inner.extend(self._leaf(token))
                continue
            self._at += 1
            if token.type in _LIST_OPENS:
                lists.append(token.type == "ordered_list_open")
            elif token.type == "list_item_open":
                stack.append(_OpenItem(self._source.number(token), len(lists) - 1, lists[-1]))
                items.append(stack[-1])
            elif token.type == "list_item_close":
                stack.pop()
            elif token.type == "inline":
                stack[-1].parts.append(_plain(token.content))
            elif token.type in _LIST_CLOSES:
                lists.pop()
                if not lists:
                    break
        closed = tuple(item for item in (opened.close() for opened in items) if item)
        if closed:
            kind = NumberedList if opening.type == "ordered_list_open" else BulletList
            yield kind(closed, self._source.number(opening))
        yield from inner
