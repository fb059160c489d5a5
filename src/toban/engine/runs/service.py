"""The runs of one worker: due works become runs, and runs are done."""

from collections.abc import Mapping

from toban.engine.clock import Clock
from toban.engine.runs import scheduler
from toban.engine.runs.runner import Runner
from toban.engine.runs.work import Work


class Runs:
    """All works of the edition in force, of whatever chapter. One thread drives `step`."""

    def __init__(self, holder: str, clock: Clock) -> None:
        self._clock = clock
        self._runner = Runner(holder, clock)
        self._works: Mapping[str, Work] | None = None

    def adopt(self, works: Mapping[str, Work]) -> None:
        """Run *works* from now on; runs in hand go on as they began."""
        self._runner.adopt(works)
        self._works = works

    def step(self) -> None:
        """Make due runs, start what can start, keep what is in hand."""
        if self._works is not None:
            scheduler.plan_due(self._works.values(), self._clock())
            self._runner.step()

    def close(self) -> None:
        """Let go of all runs in hand."""
        self._runner.close()
