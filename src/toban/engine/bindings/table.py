"""Tables of `toban.toml` that extensions bring: each is a typed key to its contents."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from pydantic import create_model

from toban.design.reader import Design
from toban.engine.bindings.model import Bindings, BindingsFrame, KindBinding
from toban.engine.bindings.section import Section
from toban.engine.registry.kinds import KindPoint

type Names = Callable[[Design], Collection[str]]
"""Returns the document's names for the things that a table binds."""

_EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Table[V]:
    """A table of `toban.toml`; made by `single`, `named` or `kinded`."""

    name: str
    shape: Any
    """The type that pydantic checks it by."""
    default: V
    """Its contents if it isn't in the file."""
    models: tuple[type[Section], ...]
    """The models whose keys the manual describes."""
    is_named: bool
    """Whether entries have names: `[errors.NAME]`."""
    point: KindPoint[Any] | None = None
    """The extension point whose kinds the entries name."""
    default_kind: str | None = None
    """The kind of an entry that names none."""
    names: Names | None = None
    """If given, an entry whose name is not in the document gets a warning."""

    def of(self, bindings: Bindings) -> V:
        """Return the contents of this table in *bindings*."""
        return cast("V", bindings.tables.get(self.name, self.default))


def single[V: Section | None](name: str, model: type[Section], default: V) -> Table[V]:
    """Return a table without entries, `[name]`; *default* applies if it is not in the file."""
    return Table(name, model if default is not None else model | None, default, (model,), is_named=False)


def named[M: Section](
    name: str, model: type[M], *, names: Names | None = None, shape: Any = None
) -> Table[Mapping[str, M]]:
    """Return a table of entries of one model, `[name.NAME]`; *shape* may check them together."""
    # mypy does not accept a variable as a type; pydantic does.
    shape = shape or Mapping[str, model]  # type: ignore[valid-type]
    return Table(name, shape, _EMPTY, (model,), is_named=True, names=names)


def kinded[C: Section](
    name: str,
    model: type[C],
    point: KindPoint[Any],
    *,
    default_kind: str | None = None,
    names: Names | None = None,
) -> Table[Mapping[str, KindBinding[C]]]:
    """Return a table whose entries each name a kind of *point*; the configs of all kinds are *model*s."""
    shape = Mapping[str, dict[str, object]]
    return Table(
        name, shape, _EMPTY, (model,), is_named=True, point=point, default_kind=default_kind, names=names
    )


type Models = Mapping[str, type[Section]]
"""The name that `kind = "…"` gives → the model of its other keys."""


@dataclass(frozen=True)
class Schema:
    """What a `toban.toml` may contain besides the engine's own tables: extensions' tables, and all kinds."""

    tables: tuple[Table[Any], ...] = ()
    models: Mapping[str, Models] = field(default_factory=dict)
    """The name of an extension point → its kinds' models."""

    def of(self, point: str) -> Models:
        """Return the models of the kinds of *point*."""
        return self.models.get(point, {})

    @property
    def frame(self) -> type[BindingsFrame]:
        """The outer shape of the whole file."""
        return _frame(self.tables)


@cache
def _frame(tables: tuple[Table[Any], ...]) -> type[BindingsFrame]:
    # The same whichever kinds there are; pydantic takes milliseconds for it.
    shapes: dict[str, Any] = {each.name: (each.shape, each.default) for each in tables}
    return create_model("Frame", __base__=BindingsFrame, **shapes)
