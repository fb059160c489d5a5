"""Whether an instance that is routed to no longer still works on what it has got before."""

import time
from collections.abc import Callable

_CALM = 2
"""So many looks in a row must find nothing: a request may be on its way from the proxy."""
_PAUSE = 0.1


def wait_until_calm(is_busy: Callable[[], bool], within: float) -> None:
    """Wait until nothing is under way any more, *within* seconds at the most."""
    end, calm = time.monotonic() + within, 0
    while calm < _CALM and time.monotonic() < end:
        calm = 0 if is_busy() else calm + 1
        time.sleep(_PAUSE)
