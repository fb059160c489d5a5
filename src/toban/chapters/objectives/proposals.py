"""What `toban init` proposes for chapter 1: how to measure each objective. Pure."""

from collections.abc import Iterator

from toban.chapters.objectives.bindings import ObjectiveBinding
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import Objective
from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.bindings.model import WHOLE_SYSTEM
from toban.engine.registry.kinds import Kinds
from toban.message import Message


def open_tables(design: Design, _kinds: Kinds) -> Iterator[OpenTable]:
    """Yield every objective of *design*, measured at the target that answers users."""
    answering = [each for each in design.of(Monitor) if each.metric is Metric.RESPONSE_TIME]
    target = next((each.target for each in answering if each.target), WHOLE_SYSTEM)
    for row in design.of(Objective):
        yield OpenTable(
            "objectives",
            row.name,
            [row],
            [BindingProposal("", ObjectiveBinding, {"target": target})],
            [Message("objectives.measured-by-default")],
        )
