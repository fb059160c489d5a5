"""The remedies of known failures that have to be bound, for a first `toban.toml`."""

from collections.abc import Iterator, Mapping

from toban.chapters.incident.remedies.remedy import REMEDY_KINDS
from toban.design.clauses.incident import FailurePattern
from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.notify.routing.contacts import folded
from toban.engine.registry.kinds import Kinds
from toban.message import Message

_USUAL: Mapping[Metric, str] = {
    Metric.DISK_USAGE: "batch",
    Metric.RESPONSE_TIME: "scale",
    Metric.CPU_USAGE: "scale",
    Metric.ERROR_RATE: "rollback",
}
"""What usually mends what shows in a metric; anything else takes a command."""


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield the first remedy of each known failure that shows in something that is measured."""
    known, seen = kinds.of(REMEDY_KINDS), set[str]()
    for row in design.of(FailurePattern):
        if row.symptom is None or not row.remedies or folded(row.remedies[0]) in seen:
            continue
        name, kind = row.remedies[0], _USUAL.get(row.symptom, "command")
        seen.add(folded(name))
        rows = [each for each in design.of(FailurePattern) if folded(name) in map(folded, each.remedies)]
        if kind in known:
            notes = [Message("incident-remedies.draft-shadow")]
            yield OpenTable("remedies", name, rows, [BindingProposal(kind, known[kind].config)], notes)
