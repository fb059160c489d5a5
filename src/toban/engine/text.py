"""Makes text from outside harmless: for databases, and for lines that people read. Pure."""

import unicodedata


def storable_text(text: str) -> str:
    """Return *text* without what PostgreSQL refuses (NUL, lone surrogates): servers may answer anything."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "�")


def printable(text: str) -> str:
    """Return *text* without characters that move a terminal's cursor, end the line or turn its direction."""
    return "".join(char if char.isprintable() or unicodedata.category(char) == "Zs" else "�" for char in text)
