"""Text as every database takes it. Pure."""


def storable_text(text: str) -> str:
    """Return *text* without what PostgreSQL refuses (NUL, lone surrogates): servers answer anything."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "�")
