"""Commits that a forge makes itself. Pure."""

import re

_ADDRESS = re.compile(r"no-?reply@", re.IGNORECASE)


def is_forge(address: str) -> bool:
    """Return whether *address* is that of a forge, which commits what is merged there and writes nothing."""
    return _ADDRESS.match(address) is not None
