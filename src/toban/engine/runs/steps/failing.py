"""What fails within a step of a run."""

from collections.abc import Iterator
from contextlib import contextmanager

from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.engine.trial import ActFailed
from toban.message import message_of


@contextmanager
def failing(turn: RunTurn) -> Iterator[None]:
    """Have the step of *turn* fail by an `ActFailed`; it is retried if that says so."""
    try:
        yield
    except ActFailed as failed:
        reason = RunReason.FAILED if failed.retry else RunReason.NOT_RUNNABLE
        # A worker that ends, or a run that is called off, is no failure of what it acts on.
        raise StepFailed(message_of(failed), turn.why_stop() or reason) from failed
