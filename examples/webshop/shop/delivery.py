"""When a parcel arrives. It has a bug, which the shop's errors show: nobody has thought of the islands."""

import re

_POST_CODE = re.compile(r"〒(\d{3})")
PARCEL = 3
"""Days of an ordinary one."""
CHILLED = {"900": 1, "901": 1, "902": 1, "903": 1, "904": 2, "905": 2}
"""Days of a chilled one, by the first digits of the post code."""


def days_of(address: str, *, is_chilled: bool) -> int:
    """Return the days until it arrives; raises `KeyError` for a chilled one that goes to no known place."""
    code = _POST_CODE.search(address)
    if code is None or not is_chilled:
        return PARCEL
    return CHILLED[code[1]]
