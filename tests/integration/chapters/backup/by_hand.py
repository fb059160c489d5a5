"""Runs of works, executed in the test's own thread."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from toban.engine.runs.rules import HostState, RunReason
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message


@dataclass
class HandTurn:
    """A `RunTurn` that records what is logged."""

    run_id: int
    due_at: datetime
    parameters: Mapping[str, str] = field(default_factory=dict)
    results: dict[str, object] = field(default_factory=dict)
    said: list[Message | str] = field(default_factory=list)

    def say(self, text: Message | str) -> None:
        self.said.append(text)

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Ignore the progress."""

    def finished_hosts(self) -> Collection[str]:
        return ()

    def on_host(self, name: str, state: HostState, note: Message = NOTHING) -> None:
        """Ignore hosts."""

    def why_stop(self) -> RunReason | None:
        return None


def do(work: Work, run_id: int, due_at: datetime, *, twice: str = "") -> HandTurn:
    """Do every step in order.

    The step named *twice* is done twice, as if its worker was killed before the step was recorded.
    """
    turn = HandTurn(run_id, due_at)
    for step in work.steps:
        if step.name == twice:
            step.act(turn)
        result = step.act(turn)
        turn.results[step.name] = result.as_json() if isinstance(result, Message) else result
    return turn
