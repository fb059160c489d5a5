"""Waiting for a condition."""

import time
from collections.abc import Callable

import pytest


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until *holds* returns true; fail the test after half a minute."""
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it never came to that")
