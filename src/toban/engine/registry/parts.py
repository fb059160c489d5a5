"""What `wiring.py` provides to all code: the extensions and what they bring, loaded on demand.

Every command uses it, even `toban check`, which loads only the document's language. So imports are placed
where they are needed.
"""

# ruff: noqa: PLC0415

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toban.engine.registry.kinds import KindModules, Kinds, held, installed
from toban.engine.registry.ports import Ports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toban.design.clauses.base import Clause
    from toban.design.finding import Finding
    from toban.design.reader import Design
    from toban.engine.bindings.model import Bindings
    from toban.engine.bindings.table import Schema
    from toban.engine.changes.act import ActReader
    from toban.engine.editions.inforce import EditionInForce, Review, Shared
    from toban.engine.extension import Extension, RowKind, Scope
    from toban.engine.operation import ChartedSeries, Operation


@dataclass(frozen=True)
class Parts:
    """The registered extensions, and everything that they bring together."""

    modules: tuple[str, ...] = ()
    """Each defines one `EXTENSION`."""
    instead: KindModules = field(default_factory=dict)
    """Kinds that replace those that the extensions register at a point."""

    @cached_property
    def extensions(self) -> "tuple[Extension, ...]":
        """The registered extensions in their order, then those of installed packages."""
        return tuple(map(_extension, (*self.modules, *installed("toban.extensions").values())))

    @cached_property
    def operations(self) -> "tuple[Operation[Any], ...]":
        """The operations of the extensions; Django must be ready."""
        from toban.engine.operation import operations_of

        return operations_of(self.extensions)

    @cached_property
    def row_kinds(self) -> "Mapping[type[Clause], RowKind]":
        """How the living page shows the rows of each kind of clause that an extension handles."""
        found: dict[type[Clause], RowKind] = {}
        for kind in (row for extension in self.extensions for row in extension.rows):
            found[kind.clause] = found[kind.clause].joined(kind) if kind.clause in found else kind
        return found

    def chart(self, clause: "Clause") -> "ChartedSeries | None":
        """Return the series that the page draws for the row, if there is one."""
        return next((found for each in self.operations if (found := each.chart(clause))), None)

    def charts(self, design: "Design") -> "Mapping[str, ChartedSeries]":
        """Return the series of every row that has one, by its id."""
        found = ((clause.id, self.chart(clause)) for clause in design.clauses)
        return {clause_id: each for clause_id, each in found if each is not None}

    def raises_alerts(self, clause: "Clause") -> bool:
        """Return whether the row can raise alerts."""
        kind = self.row_kinds.get(type(clause))
        return kind is not None and kind.raises_alerts(clause)

    @cached_property
    def kinds(self) -> Kinds:
        """What `kind = "…"` may name, at every extension point.

        A package brings kinds through entry points of groups such as `toban.sources`. They come after those
        of extensions, and a name stays with the first that registers it.
        """
        modules: dict[str, dict[str, str]] = {}
        for point in self._points:
            registered = [extension.kinds.get(point.name, {}) for extension in self.extensions]
            found = modules.setdefault(point.name, {})
            for brought in (*registered, installed(f"toban.{point.name}")):
                found.update({name: brought[name] for name in brought if name not in found})
        return Kinds({**modules, **self.instead})

    @cached_property
    def schema(self) -> "Schema":
        """What a `toban.toml` may contain."""
        from toban.engine.bindings.table import Schema

        return Schema(
            tuple(table for extension in self.extensions for table in extension.tables),
            {
                point.name: {name: kind.config for name, kind in self.kinds.of(point).items()}
                for point in self._points
            },
        )

    @cached_property
    def ports(self) -> Ports:
        """What the extensions offer each other."""
        return Ports([extension.offers for extension in self.extensions])

    @cached_property
    def scopes(self) -> "Mapping[str, Scope]":
        """The scopes that a token may have, by name."""
        return {scope.name: scope for extension in self.extensions for scope in extension.scopes}

    @cached_property
    def acts(self) -> "Mapping[str, ActReader]":
        """How the acts that the evidence records are read as changes."""
        return {name: reader for extension in self.extensions for name, reader in extension.acts.items()}

    @property
    def _points(self) -> list[Any]:
        return [point for extension in self.extensions for point in extension.points]

    def findings(self, design: "Design", bindings: "Bindings") -> "tuple[Finding, ...]":
        """Return all warnings about valid *bindings*; none of them stops Toban."""
        from toban.engine.bindings.doubts import binding_findings

        doubts = [extension.doubts for extension in self.extensions]
        return binding_findings(design, bindings, self.schema, doubts)

    def in_force(
        self,
        kept: Path | None = None,
        design: Path | None = None,
        review: "Review | None" = None,
        shared: "Shared | None" = None,
        *,
        proposes: bool = True,
    ) -> "EditionInForce":
        """Return the edition of *design*, or else of the file in TOBAN_DESIGN; nothing is read yet.

        TOBAN_BINDINGS names the bindings. See `EditionInForce` for the rest.
        """
        from toban.engine.editions.inforce import EditionInForce

        design = design or Path(os.environ.get("TOBAN_DESIGN", "運用設計書.md"))
        bindings = os.environ.get("TOBAN_BINDINGS")
        path = Path(bindings) if bindings else design.with_name("toban.toml")
        return EditionInForce(
            design,
            path,
            self.schema,
            kinds=self.kinds,
            kept=kept,
            review=review,
            shared=shared,
            proposes=proposes,
        )


def _extension(module: str) -> "Extension":
    from toban.engine.extension import Extension

    return held(module, "EXTENSION", Extension)
