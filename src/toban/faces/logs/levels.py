"""The levels of log rows, as they are ordered and drawn. Pure."""

LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE")
"""The worst first: they stand at the foot of a bar, where they can be compared."""

_OTHER = "other"


def kind_of_level(level: str) -> str:
    """Return what a level is drawn as: a level that nobody knows is one of the others."""
    return level.lower() if level in LEVELS else _OTHER
