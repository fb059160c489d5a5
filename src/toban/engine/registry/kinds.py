"""Extension points: what `kind = "…"` of a table of `toban.toml` may name, and the modules behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class KindPoint[K]:
    """One extension point. Packages bring kinds of their own by entry points of the group `toban.NAME`."""

    name: str
    """As in `toban.sources`."""
    type: type[K]
    """What each module holds one of; its `config` is the model of the table's other keys."""
    attribute: str = "KIND"
    """Under which name."""


type KindModules = Mapping[str, Mapping[str, str]]
"""The name of a point → the word after `kind =` → the module that stands for it."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds that are registered, each imported when its point is first asked for."""

    modules: KindModules = field(default_factory=dict)
    _loaded: dict[str, Mapping[str, Any]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def given(cls, **kinds: Mapping[str, Any]) -> "Kinds":
        """Return *kinds* as they are, by the names of their points."""
        return cls(_loaded=dict(kinds))

    def of[K](self, point: KindPoint[K]) -> Mapping[str, K]:
        """Return the kinds of *point* by name; raise `TypeError` for a module that holds none."""
        if point.name not in self._loaded:
            modules = self.modules.get(point.name, {})
            found = {name: _kind(point, module) for name, module in modules.items()}
            self._loaded[point.name] = MappingProxyType(found)
        return self._loaded[point.name]


def _kind[K](point: KindPoint[K], module: str) -> K:
    found = getattr(import_module(module), point.attribute, None)
    if not isinstance(found, point.type):
        raise TypeError(f"{module}.{point.attribute} is no {point.type.__name__}")
    return found


def installed(group: str) -> dict[str, str]:
    """Return what installed packages bring by entry points of *group*: a name → the module it refers to."""
    return {each.name: each.value for each in entry_points(group=group)}
