"""What customers must not read: people's names, accounts, and addresses inside the company. Pure."""

import re
from collections.abc import Callable, Iterable

from toban.text import names_pattern

_HIDDEN = "***"
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


def hiding(names: Iterable[str]) -> Callable[[str], str]:
    """Return what replaces *names* and all addresses in a text."""
    known = names_pattern(names)

    def hide(text: str) -> str:
        without = _ADDRESSES.sub(_HIDDEN, text)
        return known.sub(_HIDDEN, without) if known is not None else without

    return hide
