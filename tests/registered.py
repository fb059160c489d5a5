"""The registered parts, for tests: all of them, or with kinds of a test's own."""

from collections.abc import Mapping
from typing import Any

from toban import wiring
from toban.engine.bindings.section import Section
from toban.engine.bindings.table import Schema
from toban.engine.registry.kinds import KindPoint
from toban.engine.registry.parts import Parts

PARTS = wiring.parts()


def schema(**models: Mapping[str, type[Section]]) -> Schema:
    """Return every extension's tables, with only the *models* as kinds, by the names of their points."""
    return Schema(tuple(table for each in PARTS.extensions for table in each.tables), models)


def parts(**instead: Mapping[str, str]) -> Parts:
    """Return everything registered, with the modules *instead* at some points."""
    return Parts(wiring.EXTENSIONS, instead)


def kinds(point: KindPoint[Any], *names: str) -> dict[str, Any]:
    """Return the registered kinds of *point*: all of them, or those with *names*."""
    found = PARTS.kinds.of(point)
    return {name: found[name] for name in names or found}
