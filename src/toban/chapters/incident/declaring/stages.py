"""Which steps of the flow evidence proves. Pure.

The first step of a kind is proven by what happened; the others, and a second step of the same kind (one
notifies the company, another its customers), are a person's to sign.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.design.clauses.incident import FlowStage
from toban.message import NOTHING, Message

_BY_EVIDENCE = (FlowStage.DETECTION, FlowStage.REPORT, FlowStage.PREVENTION)
"""Steps that nobody signs: evidence proves them."""


def is_signed(stages: Sequence[FlowStage | None], step: int) -> bool:
    """Return whether a person may sign the *step* (from 1) of a flow of *stages*."""
    stage = stages[step - 1]
    return stage not in _BY_EVIDENCE or stages.index(stage) != step - 1


@dataclass(frozen=True, slots=True)
class StageFacts:
    """What is known of an incident."""

    detected_at: datetime
    detected_by: Message
    """What detected it: the alert, or who declared it."""
    told_at: datetime | None = None
    """When the first notification about it was delivered."""
    told_by: Message = NOTHING
    recovered_at: datetime | None = None
    report_approved_at: datetime | None = None
    report_by: str = ""
    measures_kept_at: datetime | None = None
    """When the last of its measures was found done; None if one is not, or there is none."""


@dataclass(frozen=True, slots=True)
class ProvenStep:
    """A step that is over by evidence."""

    step: int
    """Its place in the flow, from 1."""
    at: datetime
    said: Message


def proven(stages: Sequence[FlowStage | None], facts: StageFacts) -> Iterator[ProvenStep]:
    """Yield the steps of a flow of *stages* that *facts* prove."""
    for step, stage in enumerate(stages, 1):
        if stage is None or stage in stages[: step - 1]:
            continue
        at, said = _proof(stage, facts)
        if at is not None:
            yield ProvenStep(step, at, said)


def _proof(stage: FlowStage, facts: StageFacts) -> tuple[datetime | None, Message]:
    match stage:
        case FlowStage.DETECTION:
            return facts.detected_at, facts.detected_by
        case FlowStage.NOTICE:
            return facts.told_at, facts.told_by
        case FlowStage.INTERIM:
            return facts.recovered_at, Message("incident.stage-recovered")
        case FlowStage.REPORT:
            return facts.report_approved_at, Message("incident.stage-approved", by=facts.report_by)
        case FlowStage.PREVENTION:
            return facts.measures_kept_at, Message("incident.stage-kept")
        case _:
            return None, NOTHING
