"""What `toban init` proposes for chapter 9: where use is measured, and which groups are scaled. Pure."""

from collections.abc import Iterator

from toban.chapters.capacity.scaler import SCALER_KINDS
from toban.chapters.capacity.stated import BYTE, measured_as, why_not_scaled
from toban.chapters.capacity.usage import USAGE_KINDS
from toban.design.clauses.capacity import ResourceUsage, ScalingRule, names_group
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds
from toban.message import Message

_STORAGE, _COUNT, _SCALER = "storage", "instances", "command"


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield every resource of *design*, and a group for each rule that scales by itself."""
    usage, scalers = kinds.of(USAGE_KINDS), kinds.of(SCALER_KINDS)
    for row in design.of(ResourceUsage):
        kind = _STORAGE if measured_as(row.limit, BYTE) is not None else _COUNT
        if kind in usage:
            notes = [Message("capacity.say-where-it-is-measured")]
            yield OpenTable(
                "resources", row.resource, [row], [BindingProposal(kind, usage[kind].config)], notes
            )
    if _SCALER not in scalers:
        return
    targets = list(dict.fromkeys(monitor.target for monitor in design.of(Monitor)))
    for rule in design.of(ScalingRule):
        if rule.is_automatic and not why_not_scaled(rule):
            notes = [Message("capacity.name-a-word-of-the-action", action=rule.action)]
            proposal = BindingProposal(_SCALER, scalers[_SCALER].config)
            for group in (target for target in targets if names_group(rule, target)):
                yield OpenTable("scaling", group, [rule], [proposal], notes)
