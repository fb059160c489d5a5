"""The groups of instances that Toban scales, whichever extension binds them. Pure."""

from collections.abc import Iterator, Mapping
from typing import Literal

from toban.design.clauses.capacity import ScalingRule, names_group
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings, KindBinding
from toban.engine.bindings.section import Section


class GroupSection(Section):
    """The settings of a group; those of an extension derive from it."""

    by: Literal["toban", "provider"] = "toban"
    """Who scales: Toban, or the provider by its own policy, which Toban then compares with the row."""


def scaled_groups(design: Design, bindings: Bindings) -> Iterator[str]:
    """Yield the names of the groups that the rules of *design* let Toban scale."""
    rules = [row for row in design.of(ScalingRule) if row.is_automatic]
    for name, section in _groups(bindings):
        if section.by == "toban" and any(names_group(row, name) for row in rules):
            yield name


def _groups(bindings: Bindings) -> Iterator[tuple[str, GroupSection]]:
    for table in bindings.tables.values():
        for name, entry in table.items() if isinstance(table, Mapping) else ():
            if isinstance(entry, KindBinding) and isinstance(entry.config, GroupSection):
                yield name, entry.config
