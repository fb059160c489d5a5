"""The levels of log rows, as they are ordered and drawn. Pure."""

LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE")
"""The worst first: they are at the foot of a bar, where they can be compared."""

_OTHER = "other"


def kind_of_level(level: str) -> str:
    """Return how a level is drawn: an unknown level is one of the others."""
    return level.lower() if level in LEVELS else _OTHER
