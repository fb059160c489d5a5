"""The runs of one worker: it creates runs of due works, and does them."""

import math
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import Error, connections

from toban.engine.clock import Clock
from toban.engine.runs import scheduler
from toban.engine.runs.claiming.runner import Runner
from toban.engine.runs.elsewhere import reported
from toban.engine.runs.modes import shadows
from toban.engine.runs.output import written
from toban.engine.runs.work import Work
from toban.engine.tasks import windows
from toban.engine.telemetry.output import OutputBuffer

_LOOK = 1.0
"""Seconds between two looks at the tables if no bell rings."""

_SWEEP = 5.0
"""Seconds between two looks at what nobody did, or nothing was to do: its time is counted in hours."""

_WHOLE = timedelta(minutes=1)
"""How often all works are compared with the tables, in case another worker has adopted other ones, and old
lines of runs are deleted."""


class Runs:
    """All works of the edition in force, from all chapters. One thread drives `step`."""

    def __init__(
        self,
        holder: str,
        clock: Clock,
        *,
        most: int = 16,
        output: OutputBuffer | None = None,
        trusts: Callable[[datetime], bool] = lambda _now: True,
    ) -> None:
        """While *trusts* says no to the clock's time, no run is created or claimed; current runs continue."""
        self._clock, self._trusts = clock, trusts
        self._runner = Runner(holder, clock, most=most, output=output)
        self._works: Mapping[str, Work] | None = None
        self._whole_at: datetime | None = None
        self._look_at = self._close_at = self._sweep_at = -math.inf
        self._is_rung = False

    def adopt(self, works: Mapping[str, Work]) -> None:
        """Run *works* from now on; current runs continue as they began."""
        self._runner.adopt({key: work for key, work in works.items() if work.is_run_here})
        self._works = works
        self._whole_at = None
        self._look_at = self._close_at = self._sweep_at = -math.inf

    def step(self) -> None:
        """Create due runs and start what can start; then wait for the next moment, at most a second."""
        try:
            works, now = self._works, self._clock()
            if works is None or not self._trusts(now):
                # The next step looks at the tables, as soon as there is something to go by.
                self._look_at = -math.inf
                self._runner.rest(_LOOK)
                return
            has_come = time.monotonic() >= self._look_at and self._has_come(now)
            is_due = has_come and self._make(works, now)
            self._runner.step(claims=has_come or self._is_rung, is_sure=is_due)
            self._close(works, now)
            if has_come:
                self._look_at = self._next_look(scheduler.next_moment(now))
            self._is_rung = self._runner.wait(self._look_at - time.monotonic())
        except Error:
            # The next step begins with a new connection.
            connections.close_all()
            raise

    def close(self) -> None:
        """Release all current runs."""
        self._runner.close()

    def _has_come(self, now: datetime) -> bool:
        """Return whether a look may find something to do; nearly always one question says that it can't."""
        if not self._is_known_whole(now):
            return True
        first = scheduler.first_moment()
        if first is not None and first <= now:
            return True
        self._look_at = self._next_look(first)
        return False

    def _is_known_whole(self, now: datetime) -> bool:
        # "abs": the clock may have been set back since.
        return self._whole_at is not None and abs(now - self._whole_at) < _WHOLE

    def _make(self, works: Mapping[str, Work], now: datetime) -> bool:
        """Create the runs that are due; return whether the time of any work had come."""
        if self._is_known_whole(now):
            return scheduler.make_runs(works, now)
        is_due = scheduler.plan_due(works.values(), now)
        written.forget_old(now)
        self._whole_at = now
        return is_due

    def _close(self, works: Mapping[str, Work], now: datetime) -> None:
        """End what waits for no worker, once a second at most: a run that is due need not wait for it."""
        seconds = time.monotonic()
        if seconds >= self._close_at:
            self._close_at = seconds + _LOOK
            reported.close_overdue(works, now)
        if seconds >= self._sweep_at:
            self._sweep_at = seconds + _SWEEP
            windows.close(works, now)
            shadows.record(works, now)

    def _next_look(self, moment: datetime | None) -> float:
        """Return when to look again, by `time.monotonic`, if *moment* is the next one."""
        left = _LOOK if moment is None else (moment - self._clock()).total_seconds()
        return time.monotonic() + min(left, _LOOK)
