"""Makes text from outside harmless: for databases, and for lines that people read. Pure."""

import unicodedata


def storable_text(text: str) -> str:
    """Return *text* without what PostgreSQL refuses (NUL, lone surrogates): servers may answer anything."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "�")


def printable(text: str) -> str:
    """Return *text* without characters that move a terminal's cursor, end the line or turn its direction."""
    return "".join(char if char.isprintable() or unicodedata.category(char) == "Zs" else "�" for char in text)


def visible(text: str) -> str:
    """Return *text* with all signs escaped that can't be seen or turn its direction, so that none is lost."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)
