"""Which tables of `toban.toml` differ between two versions; comments and order are no difference. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toban.design.reading.declared.declaration import DeclaredElsewhere
from toban.engine.bindings.model import Bindings, BoundDiscovery, KindBinding

_NAMED = {
    "targets": ("targets", "discoveries", "runs_on"),
    "people": ("people",),
    "duty": ("duty",),
    "channels": ("channels",),
    "stores": ("stores",),
    "senders": ("senders",),
    "assumptions": ("meanings",),
}
"""The engine's tables with named entries → where `Bindings` keeps what they say."""
_SINGLE = ("system", "notices", "heartbeat", "evidence")


@dataclass(frozen=True, slots=True)
class ChangedTable:
    """A table that differs, was added or removed."""

    table: str
    name: str = ""
    """The entry of `[table.NAME]`; empty for a table without entries."""

    def __str__(self) -> str:
        return f"[{self.table}.{self.name}]" if self.name else f"[{self.table}]"


def changed_tables(old: Bindings, new: Bindings) -> tuple[ChangedTable, ...]:
    """Return the tables that differ between *old* and *new*."""
    named = (
        each
        for table, parts in _NAMED.items()
        for part in parts
        for each in _entries(table, getattr(old, part), getattr(new, part))
    )
    single = (ChangedTable(each) for each in _SINGLE if getattr(old, each) != getattr(new, each))
    read = (ChangedTable("reading"),) if _written(old.readings) != _written(new.readings) else ()
    brought = (
        each
        for table in {**old.tables, **new.tables}
        for each in _entries(table, old.tables.get(table), new.tables.get(table))
    )
    return tuple(dict.fromkeys((*single, *named, *read, *brought)))


def _entries(table: str, old: Any, new: Any) -> Iterator[ChangedTable]:
    if not isinstance(old or new, Mapping):
        if _written(old) != _written(new):
            yield ChangedTable(table)
        return
    before, after = old or {}, new or {}
    for name in {**before, **after}:
        if _written(before.get(name)) != _written(after.get(name)):
            yield ChangedTable(table, name)


def _written(value: Any) -> Any:
    """Return what *value* says, wherever in the file it stands."""
    match value:
        case KindBinding():
            return value.kind, value.config
        case BoundDiscovery():
            return _written(value.bound), value.template
        case DeclaredElsewhere():
            said = value.declaration
            return said.kind, said.columns, value.headings, value.header, value.first
        case tuple():
            return tuple(map(_written, value))
    return value
