"""Makes text from outside harmless: for databases, and for lines that people read. Pure."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!])")
_BEGINS_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""Also in full width, as Japanese keyboards write it."""
_SHORTEST_NAME = 2
"""Letters: a name of one stands in too many other words."""
_NEITHER_SPACE_NOR_LETTER = re.compile(r"[^\n\x20-\x7e]")


def storable_text(text: str) -> str:
    """Return *text* without what PostgreSQL refuses (NUL, lone surrogates): servers may answer anything."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "�")


def fitting_key(text: str, most: int) -> str:
    """Return *text* as a key of at most *most* characters: a longer one is cut and ends in a digest."""
    if len(text) <= most:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{text[: most - len(digest) - 1]}-{digest}"


def columns_of(text: str) -> int:
    """Return how many columns *text* takes: a Japanese letter is twice as wide as a Latin one."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def printable(text: str) -> str:
    """Return *text* without characters that move a terminal's cursor, end the line or turn its direction."""
    return "".join(char if char.isprintable() or unicodedata.category(char) == "Zs" else "�" for char in text)


def printable_lines(text: str) -> str:
    """Return *text* as `printable` does, line by line: ends of lines and tabs stay."""
    if text.isprintable():
        return text
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def printable_json(value: object, *, indent: int | None = None) -> str:
    """Return *value* as JSON in which signs that a terminal obeys, or that can't be seen, are escaped."""
    written = json.dumps(value, ensure_ascii=False, indent=indent)
    return _NEITHER_SPACE_NOR_LETTER.sub(_escaped, written)


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]


def visible(text: str) -> str:
    """Return *text* with all signs escaped that can't be seen or turn its direction, so that none is lost."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)


def in_markdown(text: str) -> str:
    """Return *text* as one line of Markdown that shows it unchanged."""
    return _MARKUP.sub(r"\\\1", printable(" ".join(text.split())))


def no_formula(text: str) -> str:
    """Return *text* as a cell of CSV that no spreadsheet runs as a formula, also in full width."""
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text


def names_pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds *names* in a text, the longest first; None if there is none to look for.

    A Latin name is found as a word of its own, also right beside Japanese: `ito` is not in `monitor`.
    """
    wanted = sorted({each.strip() for each in names}, key=len, reverse=True)
    known = [_name_pattern(each) for each in wanted if len(each) >= _SHORTEST_NAME]
    return re.compile("|".join(known), re.IGNORECASE) if known else None


def _name_pattern(name: str) -> str:
    if name.isascii():
        words = r"\s+".join(map(re.escape, name.split()))
        return rf"(?<![A-Za-z0-9]){words}(?![A-Za-z0-9])"
    # 田中花子 and 田中　花子 are the same: some write a space between the two.
    return r"\s?".join(re.escape(each) for each in name if not each.isspace())
