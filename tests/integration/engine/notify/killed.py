"""A worker that is killed before each of its statements in turn, and another one that continues.

Usage: killed.py HOST STRIDE. The environment names the state database, document and bindings; HOST is broken
while the file `broken-HOST` exists next to the document. Prints one line of JSON for each killed life.

The worker is the real one, run step by step: in each life it measures a host that breaks and recovers,
decides, announces and sends.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

import structlog  # noqa: E402
from django.db import connections  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402
from tests.registered import PARTS  # noqa: E402

from toban.engine import worker  # noqa: E402
from toban.engine.evidence.ledger import verify  # noqa: E402
from toban.engine.notify.models import Alert, Delivery, Leader  # noqa: E402

# The hours of this test pass in an instant: its clock is no database's.
vars(worker)["clock_of_database"] = lambda: None

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SIGN = Path(os.environ["TOBAN_DESIGN"]).with_name(f"broken-{sys.argv[1]}")
ROUND = SIGN.with_name("round")
BROKEN, ROUNDS = 1, 4
"""Broken in the first rounds, healthy in the rest: three good readings resolve an alert."""
STEPS = ("reload", "lead", "measure", "wait", "measure", "announce", "deliver", "wait")


def turn(begins_at: datetime, first_round: int) -> None:
    """Run the rounds of a life from *first_round* on, until nothing is left to send."""
    now = begins_at

    def clock() -> datetime:
        return now

    work = worker.Worker(PARTS, clock=clock)
    steps: dict[str, Callable[[], None]] = {loop.name: loop.step for loop in work.loops()}
    steps["wait"] = wait_for_threads
    number = first_round
    while number < ROUNDS or Delivery.objects.filter(state=Delivery.State.WAITING).exists():
        ROUND.write_text(str(number))
        if number < BROKEN:
            SIGN.touch()
        else:
            SIGN.unlink(missing_ok=True)
        now = begins_at + number * timedelta(seconds=20)
        for name in STEPS:
            steps[name]()
        number += 1


def wait_for_threads() -> None:
    """Wait for measurements and deliveries to end."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(60)


def in_child(begins_at: datetime, first_round: int, kill_at: int = 0) -> bool:
    """Run a life in a child process; return whether it was killed before the statement *kill_at*."""
    child = os.fork()
    if child == 0:
        count, lock = 0, threading.Lock()

        def count_down(execute: Callable[..., Any], *arguments: Any) -> Any:
            nonlocal count
            with lock:
                count += 1
                if count == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
            return execute(*arguments)

        def watch(connection: Any, **_rest: object) -> None:
            if count_down not in connection.execute_wrappers:  # the connection is re-created again and again
                connection.execute_wrappers.append(count_down)

        # Statements of all threads are counted; each thread has its own connection.
        connection_created.connect(watch)
        # As if the dead worker had been silent for long enough: how long that takes is tested elsewhere.
        Leader.objects.update(holder="")
        turn(begins_at, first_round)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main() -> None:
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    # Loaded once, before the child processes are forked.
    _ = PARTS.schema, PARTS.operations
    stride, life = int(sys.argv[2]), 0
    was_killed = True
    while was_killed:
        # An hour apart: alerts that return too soon would be flapping.
        begins_at = NOON + life * timedelta(hours=1)
        was_killed = in_child(begins_at, 0, kill_at=1 + life * stride)
        if was_killed:
            assert not in_child(begins_at, int(ROUND.read_text()) if ROUND.exists() else 0)
        life += 1
        states = dict.fromkeys(Delivery.objects.values_list("state", flat=True))
        still_open = Alert.objects.filter(resolved_at=None).count()
        told = {"states": list(states), "open": still_open, "broken": str(verify().broken)}
        connections.close_all()
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        ROUND.unlink(missing_ok=True)


main()
