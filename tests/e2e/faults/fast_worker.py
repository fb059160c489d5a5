"""A whole `toban worker` whose clock is AHEAD minutes fast, until SIGTERM: fast_worker.py AHEAD."""

# Django needs its settings before any of its modules is loaded.

import signal
import sys
import threading
from datetime import timedelta

import django

django.setup()

from toban import wiring  # noqa: E402
from toban.engine import loops  # noqa: E402
from toban.engine.clock import system_clock  # noqa: E402
from toban.engine.worker import Worker  # noqa: E402

AHEAD = timedelta(minutes=float(sys.argv[1]))
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
worker = Worker(wiring.parts(), clock=lambda: system_clock() + AHEAD)
loops.run(worker.loops(), stop, patience=2.0)
worker.close()
