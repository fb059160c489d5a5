"""The store's answers to requests that it refuses."""

import re

AUTHENTICATION_FAILED = 516
BAD_REQUEST = 36
MALFORMED = 117
REPEATED = 389
NOT_ENOUGH_SPACE = 243
NOT_SUPPORTED = 48
NO_PRIVILEGE = 497
TOO_LARGE = 307
UNKNOWN = 1001
"""ClickHouse's codes for these errors (`ErrorCodes.cpp`): clients rely on them."""

NEVER_STORED = frozenset((6, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 349, 469))
"""With these errors nothing was stored, and a retry can't help: rows that don't parse or have a wrong type, a
value out of range, a violated constraint."""

_NOT_BEGUN = frozenset((252,))
"""With these nothing was stored either, for now: too many parts, or too many partitions in one insert."""

_STATUS = {
    AUTHENTICATION_FAILED: 403,
    NO_PRIVILEGE: 403,
    60: 404,
    81: 404,
    62: 400,
    BAD_REQUEST: 400,
    REPEATED: 409,
    TOO_LARGE: 413,
    NOT_SUPPORTED: 501,
    NOT_ENOUGH_SPACE: 507,
}
_CODE = re.compile(r"Code: (\d+)")


class RequestRefusal(Exception):
    """A request that is answered with an error; `text` has the form that ClickHouse clients parse."""

    def __init__(self, code: int, message: str, *, stored_nothing: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.stored_nothing = stored_nothing or code in NEVER_STORED or code in _NOT_BEGUN
        """Whether it is certain that no row of the insert was stored."""
        self.text = f"Code: {code}. DB::Exception: {message}"

    @property
    def status(self) -> int:
        """The HTTP status for the code."""
        return _STATUS.get(self.code, 500)


def from_engine(error: BaseException) -> RequestRefusal:
    """Turn an exception of chDB into an answer, with the engine's own code if it gave one."""
    text = str(error) or "the engine failed without a word"
    found = _CODE.search(text)
    if found is None:
        return RequestRefusal(UNKNOWN, text)
    return RequestRefusal(int(found[1]), text[found.end() :].removeprefix(". DB::Exception:").strip())
