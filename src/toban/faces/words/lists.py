"""Several names in one sentence."""

from collections.abc import Iterable

from toban.message import Message, listing


def listed(names: Iterable[Message | str]) -> str:
    """Return *names*, separated as in the reader's language."""
    return str(listing(tuple(names)))
