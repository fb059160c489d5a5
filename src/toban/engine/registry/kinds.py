"""Extension points: what `kind = "…"` in a table of `toban.toml` may name, and the modules behind it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoints, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from toban import catalogue
from toban.message import Message, message_of


@dataclass(frozen=True, slots=True)
class KindPoint[K]:
    """One extension point. Packages bring their own kinds through entry points of the group `toban.NAME`."""

    name: str
    """As in `toban.sources`."""
    type: type[K]
    """The type of object that each module defines; its `config` is the model of the table's other keys."""
    attribute: str = "KIND"
    """The name of that object in the module."""


type KindModules = Mapping[str, Mapping[str, str]]
"""The name of a point → the word after `kind =` → its module."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """The registered kinds; those of a point are imported when they are first used."""

    modules: KindModules = field(default_factory=dict)
    _loaded: dict[str, Mapping[str, Any]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def given(cls, **kinds: Mapping[str, Any]) -> "Kinds":
        """Return the given *kinds*, by the names of their points, without any import."""
        return cls(_loaded=dict(kinds))

    def played(self, kinds: Mapping[str, Mapping[str, Any]]) -> "Kinds":
        """Return the same with other *kinds* at the points that they name."""
        return Kinds(self.modules, {**self._loaded, **kinds})

    def of[K](self, point: KindPoint[K]) -> Mapping[str, K]:
        """Return the kinds of *point* by name; raises the same errors as `held`."""
        if point.name not in self._loaded:
            modules = self.modules.get(point.name, {})
            found = {name: held(module, point.attribute, point.type) for name, module in modules.items()}
            self._loaded[point.name] = MappingProxyType(found)
        return self._loaded[point.name]


class BrokenPackage(Exception):
    """An installed package can't be loaded; the message gives a way out."""


def held[T](module: str, attribute: str, wanted: type[T]) -> T:
    """Return the object of type *wanted* that *module* defines as *attribute*.

    Raises `BrokenPackage` if another package's module has none or can't be imported, for whatever reason.
    Errors in Toban's own modules are Toban's bugs and are raised unchanged.
    """
    try:
        return _held(module, attribute, wanted)
    except Exception as error:
        package = module.partition(".")[0]
        if package == "toban":
            raise
        said = Message("engine.broken-package", package=package, why=message_of(error))
        raise BrokenPackage(said) from error


def _held[T](module: str, attribute: str, wanted: type[T]) -> T:
    found = getattr(import_module(module), attribute, None)
    if not isinstance(found, wanted):
        raise TypeError(f"{module}.{attribute} is no {wanted.__name__}")
    return found


def installed(group: str) -> dict[str, str]:
    """Return the entry points of *group* in installed packages: a name → the module that it refers to.

    From then on messages find the sentences in `locale` of these packages; no package is imported for that.
    """
    found = {each.name: each.value for each in _entry_points(tuple(sys.path)).select(group=group)}
    for module in found.values():
        package = find_spec(module.partition(".")[0])
        for folder in (package and package.submodule_search_locations) or ():
            if (locale := Path(folder, "locale")).is_dir():
                catalogue.add_folder(locale)
    return found


@cache
def _entry_points(_path: tuple[str, ...]) -> EntryPoints:
    """Return those of all packages on the path: a look through them opens a file of each, for each group."""
    return entry_points()
