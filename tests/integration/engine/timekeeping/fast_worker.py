"""One look of all loops of a worker whose clock is AHEAD minutes fast, and what it left in the tables.

fast_worker.py AHEAD
"""

# Django needs its settings before any of its modules is loaded; the result goes to stdout.
# ruff: noqa: T201

import json
import sys
from datetime import timedelta

import django

django.setup()

import structlog  # noqa: E402

from toban import wiring  # noqa: E402
from toban.engine.clock import system_clock  # noqa: E402
from toban.engine.evidence.models import LedgerEntry  # noqa: E402
from toban.engine.notify.models import Leader  # noqa: E402
from toban.engine.runs.models import PlannedWork  # noqa: E402
from toban.engine.worker import Worker  # noqa: E402

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
AHEAD = timedelta(minutes=float(sys.argv[1]))
worker = Worker(wiring.parts(), clock=lambda: system_clock() + AHEAD)
steps = {loop.name: loop.step for loop in worker.loops()}
# A version is taken up when two looks have seen it.
for name in ("lead", "reload", "reload", "runs", "standing", "maintenance-rows", "batch-status"):
    steps[name]()
told = {
    "leads": Leader.objects.exclude(holder="").exists(),
    "works": PlannedWork.objects.count(),
    "evidence": sorted(set(LedgerEntry.objects.values_list("kind", flat=True))),
}
worker.close()
print(json.dumps(told))
