"""Where a row is: the headings above it, as words to match against."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import lru_cache

from toban.design.markdown import Heading

_NUMBERING = re.compile(
    r"^(?:第\s*\d+\s*[章節部]|(?:step|phase|alarm|appendix)\s*\d+\s*[.:)]?|\d+(?:\.\d+)*[.:)、]?(?=\s)|\d+(?:\.\d+)*[.:)、](?!\d)|[a-z][.)](?=\s))\s*",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"(?<![\w/.-])[\w./-]+\.(?:ya?ml|json|toml|sh|py|ps1|ts|js|md|sql|tf|go|service|timer|conf)\b(?![./-])"
    r"|\(\s*\)"
)
_ORNAMENT = re.compile(r"[^\w\s#/<>%().,:;・、。〜~「」【】\[\]+&=~*@!?'\"$¥℃→±≤≥-]")


def normalise(text: str) -> str:
    """Fold width, case and runs of spaces, so that one pattern matches every spelling."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def heading_text(text: str) -> str:
    """Return a heading without its number (3.2.1, 第3章) and without emoji."""
    plain = " ".join(_ORNAMENT.sub("", unicodedata.normalize("NFKC", text)).split())
    return _NUMBERING.sub("", plain, count=1) or plain


def heading_words(text: str) -> str:
    """Return the same, folded for matching, and without the names of files: they say what they like."""
    said = heading_text(text).lower()
    return " ".join(_FILE.sub(" ", said).split()) or said


@dataclass(frozen=True, slots=True)
class DocumentSection:
    """The headings above a block, outermost first, and the short line that introduces it."""

    headings: tuple[Heading, ...] = ()
    caption: str = ""
    """`**日次:**` alone above a table, or the list entry that this one is nested in."""
    document: str = ""
    """The document's title, which is above everything and so says little about one row."""
    about: str = ""
    """The document's first heading if it is of the first level: its title, or what it begins with."""
    is_of_operations: bool = True
    """Whether the document's title or most of its chapters name something that is operated."""
    announced: tuple[str, ...] = ()
    """What the owner declares the rows to be: it counts as a heading directly above, and names nothing."""
    words: tuple[str, ...] = field(init=False)
    """The headings and the caption, outermost first, as `heading_words`; without the document's title."""

    def __post_init__(self) -> None:
        above = [*(heading.text for heading in self.headings), self.caption]
        object.__setattr__(self, "words", tuple(heading_words(text) for text in above if text))

    def under(self, heading: Heading) -> "DocumentSection":
        """Return the section that *heading* opens."""
        above = tuple(other for other in self.headings if other.level < heading.level)
        return replace(self, headings=(*above, heading), caption="")

    def captioned(self, caption: str) -> "DocumentSection":
        return replace(self, caption=caption)

    @property
    def title(self) -> str:
        """The nearest heading or caption, without its number."""
        return heading_text(self.caption) or self.heading

    @property
    def heading(self) -> str:
        """The nearest heading, without its number."""
        return heading_text(self.headings[-1].text if self.headings else self.document)

    def headings_from(self, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """Return the headings from the nearest match of *pattern* down: PostgreSQL バックアップ, 本番環境."""
        names = [heading_text(heading.text) for heading in self.headings]
        for index in range(len(names) - 1, -1, -1):
            if pattern.search(names[index].lower()):
                return tuple(names[index:])
        return tuple(names[-1:])

    def nearness(self, pattern: re.Pattern[str]) -> int:
        """Return how near the nearest heading with *pattern* is: 3 directly above, 2 next, 1 beyond, 0 none.

        The document's title counts as beyond.
        """
        if any(map(pattern.search, self.announced)):
            return 3
        near = _nearness(self.words, pattern)
        return near or int(pattern.search(heading_words(self.document)) is not None)


# A list of ten thousand entries asks the same question about the same headings each time.
@lru_cache(maxsize=8192)
def _nearness(words: tuple[str, ...], pattern: re.Pattern[str]) -> int:
    for distance, heading in enumerate(reversed(words)):
        if pattern.search(heading):
            return max(1, 3 - distance)
    return 0
