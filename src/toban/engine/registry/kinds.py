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
        """Return the kinds of *point* by name; see `held` for what it raises."""
        if point.name not in self._loaded:
            modules = self.modules.get(point.name, {})
            found = {name: held(module, point.attribute, point.type) for name, module in modules.items()}
            self._loaded[point.name] = MappingProxyType(found)
        return self._loaded[point.name]


class BrokenPackage(Exception):
    """An installed package can't be loaded; with a way out."""


def held[T](module: str, attribute: str, wanted: type[T]) -> T:
    """Return the one *wanted* that *module* holds under *attribute*.

    Raises `BrokenPackage` for a module of somebody else's that holds none or can't be imported, for whatever
    reason; of Toban's own, those errors are ours and pass.
    """
    try:
        return _held(module, attribute, wanted)
    except Exception as error:
        package = module.partition(".")[0]
        if package == "toban":
            raise
        raise BrokenPackage(
            f"パッケージ {package} を読み込めません: {error}\n"
            f"HINT: {package} を直すか、Toban の環境から外してください"
        ) from error


def _held[T](module: str, attribute: str, wanted: type[T]) -> T:
    found = getattr(import_module(module), attribute, None)
    if not isinstance(found, wanted):
        raise TypeError(f"{module}.{attribute} is no {wanted.__name__}")
    return found


def installed(group: str) -> dict[str, str]:
    """Return what installed packages bring by entry points of *group*: a name → the module it refers to."""
    return {each.name: each.value for each in entry_points(group=group)}
