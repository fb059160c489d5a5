"""How a program says how far it is: a line of its output, or of a report about it. Pure."""

import re

from toban.message import NOTHING, Message

_PROGRESS = re.compile(
    r"::progress (?P<percent>(?:100|\d{1,2})(?:\.\d{1,3})?)%?(?: (?P<text>[^\x00-\x1f]{1,200}))?"
)
"""Any other line that begins so is output like all the rest."""


def progress_in(line: str) -> tuple[float, Message | str] | None:
    """Return the percentage and the words of `::progress 40 12,000 / 30,000 rows`; None for another line."""
    found = _PROGRESS.fullmatch(line)
    if found is None:
        return None
    return min(float(found["percent"]), 100), found["text"] or NOTHING
