"""What strangers wrote, such as names and subjects of commits, as one line. Pure."""

_LONGEST_LINE = 300


def shown(text: str, longest: int = _LONGEST_LINE) -> str:
    """Return *text* in one line, without what is invisible or turns the direction of the text."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:longest]
