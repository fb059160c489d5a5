"""The loops of a process: a failure in one does not stop the others, and all stop on request."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

_AFTER_FAILURE = 0.5
"""The minimum wait in seconds after a step that raised: its cause is seldom over at once."""

log = structlog.get_logger(__name__)


class Hindered(Exception):
    """A step that can't be done now, for a reason that has been said already."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A repeated step: it runs again `every` seconds after it ended.

    The step looks up what is due and does it; it keeps no state that it could not read again.
    """

    name: str
    step: Callable[[], None]
    every: float


def run(loops: Sequence[Loop], stop: threading.Event, *, patience: float) -> bool:
    """Run *loops*, each in its thread, until *stop* is set; return whether all end within *patience* seconds.

    An exception of a step is logged, except `Hindered`, and the step runs again at its next turn. A step that
    is running when *stop* is set is finished.
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
        except Hindered:
            pause = max(pause, _AFTER_FAILURE)
        except Exception:
            log.exception("step_failed", loop=loop.name)
            pause = max(pause, _AFTER_FAILURE)
        stop.wait(pause)
