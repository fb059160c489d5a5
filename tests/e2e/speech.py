"""What a page, a notice or a command says to people, and whether it is all in one language."""

import re
from collections.abc import Iterable, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import override
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
from tests.e2e.running import ROOT, SHOP

JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff々〆ヶー]+")
ENGLISH = re.compile(r"[A-Za-z][a-z']*(?: [A-Za-z'][a-z']*){3,}")
"""Four words in a row are a sentence; names and commands are shorter."""
DESIGN = str(SHOP / "運用設計書.md")
COMMANDS: tuple[tuple[int, *tuple[str, ...]], ...] = (
    (0, "--help"),
    (1, "check", DESIGN),
    (2, "check", str(SHOP / "nowhere.md")),
    (0, "status"),
    (0, "status", "--all"),
    (0, "plan", DESIGN, DESIGN),
    (0, "calendar", "--design", DESIGN),
    (2, "calendar", DESIGN),
    (0, "processes"),
    (0, "alerts"),
    (0, "alerts", "--history"),
    (0, "alerts", "--reasons"),
    (0, "duty", "now"),
    (0, "duty", "next"),
    (0, "silence", "--list"),
    (0, "maintenance", "--list"),
    (0, "runs"),
    (1, "run", "nothing"),
    (0, "why", "1"),
    (0, "why", "B001"),
    (1, "why", "nothing"),
    (0, "backup", "list"),
    (0, "backup", "verify"),
    (1, "restore", "nothing"),
    (0, "drill", "list"),
    (0, "errors", "list"),
    (0, "errors", "dsn"),
    (1, "errors", "show", "99999"),
    (1, "logs", "message:nothing-like-this"),
    (2, "logs", "status:>="),
    (1, "traces", "--service", "nowhere"),
    (0, "retention", "list"),
    (0, "evidence", "verify"),
    (0, "levels"),
    (1, "statistics"),
    (0, "approvals", "list"),
    (0, "changes"),
    (0, "exceptions", "list"),
    (0, "modes", "list"),
    (0, "tasks", "list"),
)
"""Each with the status that it ends with: a usage error would say nothing of what the command says."""
_SPOKEN = {"title", "aria-label", "placeholder", "alt", "data-confirm"}
_SILENT = {"script", "style", "template", "pre", "code"}


class Speech(HTMLParser):
    """The texts of a page that people read, those of its attributes included, and its links."""

    def __init__(self, page: httpx.Response) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []
        self._silent: list[str] = []
        self.feed(page.text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent.append(tag)
        for name, value in attrs:
            if name in _SPOKEN and value:
                self.texts.append(value)
            elif name in {"href", "hx-get"} and value:
                self.links.append(value)

    @override
    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    @override
    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.texts.append(" ".join(data.split()))


type Heard = tuple[httpx.Response, Speech | None]
"""A page, and what it says; None if it is not HTML."""


def walked(client: httpx.Client, start: str = "/", *, at_most: int = 400) -> Iterator[Heard]:
    """Follow every link of the site once, from *start* on; of pages that differ in their query only a few."""
    waiting, known, alike = [start], {start}, dict[str, int]()
    while waiting and at_most:
        page = client.get(waiting.pop(0))
        at_most -= 1
        speech = Speech(page) if "html" in page.headers.get("content-type", "") else None
        yield page, speech
        here = str(page.url)
        for link in speech.links if speech is not None else ():
            url = urldefrag(urljoin(here, link)).url
            parts = urlsplit(url)
            path = re.sub(r"\d+", "0", parts.path)
            is_ours = parts.netloc == urlsplit(here).netloc
            if is_ours and url not in known and alike.setdefault(path, 0) < _ALIKE:
                alike[path] += 1
                known.add(url)
                waiting.append(url)


_ALIKE = 6


def foreign(texts: Iterable[str], language: str, own: str) -> Sequence[str]:
    """Return what *texts* say in the other language than *language*, except what *own* texts contain."""
    pattern = JAPANESE if language == "en" else ENGLISH
    said = {text: _OURS.sub("", text) for text in texts if text != _BRAND}
    found = {(run, text) for text, bare in said.items() for run in pattern.findall(bare) if run not in own}
    return sorted(f"{run} … {text[:160]}" for run, text in found)


_BRAND = "当番"
_OURS = re.compile(r"toban(?: [\w<>\[\].:/-]+)+|「[^」]*」")
"""Commands to type, and words to write into a Japanese document."""


def own_texts(*files: Path) -> str:
    """Return what is the installation's own: its document, its bindings, and what its programs say."""
    programs = (ROOT / "examples" / "webshop").rglob("*.py")
    texts = [file.read_text(encoding="utf-8") for file in (*files, *programs)]
    # A page runs lines of a paragraph together, and shows the document's words without its marks.
    bare = [re.sub(r"[\n*`]", "", each) for text in texts for each in (text, _OURS.sub("", text))]
    return "\n".join((*texts, *bare, "日本語"))
