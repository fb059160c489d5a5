"""What a document says, whoever has written it: its words, what it refers to, and if it changed. Pure."""

import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import override

MOST_TEXT = 1024 * 1024
"""Characters that are kept of a document."""
MOST_LINKS = 500
_LONGEST_LINK = 2000
_MARKDOWN_LINK = re.compile(r"\]\(\s*<?([^()\s<>]{1,2000})>?(?:\s+[\"'][^\"']{0,200}[\"'])?\s*\)")
_BARE = re.compile(r"https?://[^\s<>\"'`)\]}、。」』]{1,2000}")
_FENCES = ("```", "~~~")
_RUN = re.compile(
    r"\btoban[ \t]+run[ \t]+(?:\"([^\"\n]{1,200})\"|'([^'\n]{1,200})'|([^\s\"'`-][^\s\"'`]{0,200}))"
)
_SPAN = re.compile(r"`([^`\n]{1,500})`")
_HOST = re.compile(
    r"\b(?:ssh|sftp|ping)[ \t]+(?:-[bcDFiIJlLmopRW][ \t]+[^\s-]\S*[ \t]+|-\S+[ \t]+){0,20}(?:[\w.-]+@)?"
    r"([a-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9][A-Za-z0-9-]{0,62})*)(?=[\s:`]|$)"
)
"""In capitals it is a placeholder. Each word is an option or its value, never either: whoever writes a
document must not have the search try every way to tell them apart."""
_PASSWORD = re.compile(r"<input\b[^<>]{0,1000}\btype\s{0,9}=\s{0,9}[\"']?password\b", re.IGNORECASE)
_SILENT = frozenset({"script", "style", "template", "head", "noscript", "nav", "aside", "footer"})
"""What nobody reads, or what every page of a wiki shows around the document."""
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_BREAKS = frozenset({"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "ul"})


def digest_of(text: str) -> str:
    """Return what tells two versions apart: spaces, and where lines end, are no change."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()


def file_digest(data: bytes) -> str:
    """Return what tells two versions of a file apart that is no text."""
    return hashlib.sha256(data).hexdigest()


def links_of(text: str) -> tuple[str, ...]:
    """Return what a text in Markdown refers to, besides its own headings."""
    # An address in an example is no promise.
    prose, _ = _parts(text)
    found = (*_MARKDOWN_LINK.findall(prose), *(each.rstrip(".,;:") for each in _BARE.findall(prose)))
    return tuple(dict.fromkeys(each for each in found if not each.startswith("#")))[:MOST_LINKS]


def works_of(text: str) -> tuple[str, ...]:
    """Return what a document has its readers run: B002 of `toban run B002`."""
    found = ("".join(each) for code in _codes(text) for each in _RUN.findall(code))
    return tuple(dict.fromkeys(found))[:MOST_LINKS]


def hosts_of(text: str) -> tuple[str, ...]:
    """Return the hosts that the commands of a document are about."""
    return tuple(dict.fromkeys(host for code in _codes(text) for host in _HOST.findall(code)))[:MOST_LINKS]


def _codes(text: str) -> Iterator[str]:
    """Yield code of the blocks, and code within a line."""
    prose, code = _parts(text)
    yield code
    yield from _SPAN.findall(prose)


def _parts(text: str) -> tuple[str, str]:
    """Return what stands outside of blocks of code, and inside; a block that nothing ends goes to the end."""
    prose, code = list[str](), list[str]()
    is_code = False
    for line in text.split("\n"):
        if line.startswith(_FENCES) and (not is_code or line.rstrip() in _FENCES):
            is_code = not is_code
        else:
            (code if is_code else prose).append(line)
    return "\n".join(prose), "\n".join(code)


def from_html(html: str, part: str = "") -> tuple[str, tuple[str, ...]]:
    """Return the words of a page, and what it links to.

    *part* is the id, or the name, of the element that holds the document. Without one that is `main`, if the
    page has it.
    """
    reader = _read(html, part or "main")
    if not part and not reader.is_found:
        reader = _read(html, "")
    lines = (" ".join(line.split()) for line in "".join(reader.words).splitlines())
    return "\n".join(_single_gaps(lines)).strip(), tuple(dict.fromkeys(reader.links))[:MOST_LINKS]


def _read(html: str, part: str) -> "_Words":
    reader = _Words(part)
    reader.feed(html)
    reader.close()
    return reader


def asks_for_password(html: str) -> bool:
    """Return whether a page is one to sign in on: wikis answer with it instead of an error."""
    return _PASSWORD.search(html) is not None


def _single_gaps(lines: Iterator[str]) -> Iterator[str]:
    former = ""
    for line in lines:
        if line or former:
            yield line
        former = line


class _Words(HTMLParser):
    """Collects what a reader of the page sees."""

    def __init__(self, part: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.links: list[str] = []
        self.is_found = not part
        """Whether the part that is wanted is there."""
        self._part = part
        self._tag, self._depth = "", 0
        self._hidden = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # The end of a head may be left out.
        self._hidden = 0 if tag == "body" else self._hidden + (tag in _SILENT)
        self._enter(tag, attrs)
        if not self._is_read:
            return
        if tag in _BREAKS:
            self.words.append("\n")
        for name, value in attrs:
            if tag == "a" and name == "href" and value and not value.startswith("#"):
                self.links.append(value.strip()[:_LONGEST_LINK])

    @override
    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _SILENT and self._hidden > 0
        if tag in _BREAKS and self._is_read:
            self.words.append("\n")
        self._depth -= tag == self._tag and self._depth > 0

    @override
    def handle_data(self, data: str) -> None:
        if self._is_read:
            self.words.append(data)

    @property
    def _is_read(self) -> bool:
        return not self._hidden and (not self._part or self._depth > 0)

    def _enter(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count the elements of the wanted part's own name: others may be left open."""
        if self._depth:
            self._depth += tag == self._tag
        elif (
            self._part
            and not self.is_found
            and tag not in _VOID
            and self._part in (tag, dict(attrs).get("id"))
        ):
            self.is_found, self._tag, self._depth = True, tag, 1
