"""What `toban init` proposes for chapter 2: where each target is measured. Pure."""

from collections.abc import Iterator

from toban.chapters.monitoring.limits import metric_of
from toban.chapters.monitoring.measuring.feeds import open_targets
from toban.chapters.monitoring.source import SOURCE_KINDS
from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds

_PROBE = "http"
_OF_ANSWERS = frozenset({Metric.RESPONSE_TIME, Metric.ERROR_RATE})
"""Who watches these has something that answers: a probe sees it from outside, as its users do."""


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield every target that monitors of *design* watch, with sources that can measure them."""
    known = kinds.of(SOURCE_KINDS)
    for name, rows, able in open_targets(design, known):
        if any(metric_of(row) in _OF_ANSWERS for row in rows) and _PROBE in known and _PROBE not in able:
            able.append(_PROBE)
        proposals = [BindingProposal(kind, known[kind].config) for kind in able]
        yield OpenTable("targets", name, rows, proposals, within="sources")
