"""A process's loops, kept apart: what one runs into stops no other, and all stop when told to."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

_AFTER_FAILURE = 0.5
"""Seconds that a step which raised waits at least: what it ran into is seldom over at once."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Loop:
    """A step done again and again, `every` seconds after the last one ended.

    The step looks at what is due and does it; it remembers nothing that it could not read again.
    """

    name: str
    step: Callable[[], None]
    every: float


def run(loops: Sequence[Loop], stop: threading.Event, *, patience: float) -> bool:
    """Run *loops*, each in its thread, until *stop* is set; say whether all ended *patience* seconds later.

    What a step raises is logged and the step is done again at its next turn. A step in hand when *stop* is
    set is finished.
    """
    threads = [
        threading.Thread(target=_turn, args=(loop, stop), name=f"loop {loop.name}", daemon=True)
        for loop in loops
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    deadline = time.monotonic() + patience
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    return not any(thread.is_alive() for thread in threads)


def _turn(loop: Loop, stop: threading.Event) -> None:
    while not stop.is_set():
        pause = loop.every
        try:
            loop.step()
        except Exception:
            log.exception("step_failed", loop=loop.name)
            pause = max(pause, _AFTER_FAILURE)
        stop.wait(pause)
