"""Which known name an unknown one is probably a slip of. Pure.

A wrong guess is worse than none: who follows it binds the wrong thing. So a name that differs in its number
is another one (B005, B004), as is one that differs in more than a slip, or one that has an entry of its own;
and where two are as near, neither is named.
"""

import re
from collections.abc import Collection
from difflib import SequenceMatcher

from toban.design.values.normal import plain

_LETTERS_A_SLIP = 4
"""One letter in so many may be wrong."""
_NUMBER = re.compile(r"\d+")


def nearest(name: str, known: Collection[str], taken: Collection[str] = ()) -> str | None:
    """Return the one of *known* that *name* is probably meant to be; *taken* have entries of their own."""
    written = plain(name).casefold()
    found: dict[str, int] = {}
    for each in known:
        there = plain(each).casefold()
        if each not in taken and _NUMBER.findall(there) == _NUMBER.findall(written):
            found[each] = _slips(written, there)
    allowed = {
        each: slips
        for each, slips in found.items()
        if slips <= max(1, min(len(written), len(each)) // _LETTERS_A_SLIP) or _is_part(written, each)
    }
    best = [each for each, slips in allowed.items() if slips == min(allowed.values())]
    return best[0] if len(best) == 1 else None


def _slips(one: str, other: str) -> int:
    """Return how many letters are wrong, lacking or too many."""
    steps = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for step, i1, i2, j1, j2 in steps if step != "equal")


def _is_part(written: str, each: str) -> bool:
    there = plain(each).casefold()
    return len(written) > 1 and (there.startswith(written) or there.endswith(written))
