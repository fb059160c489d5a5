"""Names and values as they are written in TOML. Pure."""

import re

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key(name: str) -> str:
    """Write *name* as a key: bare where TOML allows it."""
    return name if _BARE.fullmatch(name) else quoted(name)


def quoted(text: str) -> str:
    """Write *text* as a basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    # Line breaks and other control characters are not allowed in a basic string.
    return '"' + re.sub(r"[\x00-\x1f\x7f]", " ", escaped) + '"'
