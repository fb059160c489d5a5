"""What customers must not read: people's names, accounts, and addresses inside the company. Pure."""

import re
from collections.abc import Callable, Iterable

_HIDDEN = "***"
_SHORTEST = 2
"""A name of one sign stands in too many other words."""
_ADDRESSES = re.compile(
    r"https?://[\x21-\x7e]+"
    r"|[a-z0-9_.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?!\.?\d)"
    # Times have two colons and no more: 12:30:05 is none of these.
    r"|(?<![a-z0-9:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?![a-z0-9:])"
    r"|(?<![a-z0-9.-])(?:[a-z0-9-]{1,63}\.){1,8}(?:internal|local|localdomain|lan|corp|intra|intranet)"
    r"(?::\d{1,5})?(?![a-z0-9-])"
    r"|(?<![a-z0-9.-])localhost(?::\d{1,5})?(?![a-z0-9-])",
    re.IGNORECASE,
)
_LATIN = re.compile(r"[\x21-\x7e]+")


def hiding(names: Iterable[str]) -> Callable[[str], str]:
    """Return what replaces *names* and all addresses in a text."""
    wanted = sorted({each.strip() for each in names if len(each.strip()) >= _SHORTEST}, key=len, reverse=True)
    known = re.compile("|".join(map(_as_word, wanted)), re.IGNORECASE) if wanted else None

    def hide(text: str) -> str:
        without = _ADDRESSES.sub(_HIDDEN, text)
        return known.sub(_HIDDEN, without) if known is not None else without

    return hide


def _as_word(name: str) -> str:
    """Return the pattern of *name*: a Latin one only as a word of its own, `ito` is not in `monitor`."""
    escaped = re.escape(name)
    if not _LATIN.fullmatch(name):
        return escaped
    return rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"
