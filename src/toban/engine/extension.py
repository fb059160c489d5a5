"""What a chapter, or a subject of the engine, brings, as one value. See docs/adr/0020.

`Extension` is the declaration. Every command that reads `toban.toml` loads it, so it imports no client, no
table of the state database and no page. An `Operation` does the work: it is named here, and loaded when Toban
runs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from toban.design.clauses.base import Clause
from toban.design.finding import Finding
from toban.design.reader import Design
from toban.engine.bindings.draft import OpenTable
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.table import Table
from toban.engine.changes.act import ActReader
from toban.engine.registry.commands import Command
from toban.engine.registry.kinds import KindModules, KindPoint, Kinds
from toban.engine.registry.ports import Offers
from toban.message import Message


@dataclass(frozen=True, slots=True)
class Link:
    """A page in the menu, or one with more about a row."""

    page: str
    """Its name in the URL table."""
    label: Message
    arguments: tuple[object, ...] = ()
    query: str = ""
    """The query string: `verdict=firing`."""


def always(_clause: Any) -> bool:
    """Return True for every row."""
    return True


def never(_clause: Any) -> bool:
    """Return False for every row."""
    return False


def _leads_nowhere(_clause: Any) -> Link | None:
    return None


@dataclass(frozen=True, slots=True)
class Consequence:
    """An effect of a new version of the document besides its rows: it would delete logs retained today."""

    key: str
    """Its name in JSON."""
    title: Message
    lines: tuple[Message, ...] = ()
    """What people read; empty if there is nothing to say."""
    values: object = ()
    """The same as JSON values."""


@dataclass(frozen=True, slots=True)
class RowKind:
    """A kind of clause that an extension handles, and how the living page shows its rows."""

    clause: type[Clause]
    is_measured: bool = False
    """Whether its rows have a value of their own: the page reserves a column for it."""
    is_charted: bool = False
    """Whether the operation's `chart` has a series for its rows."""
    link: Callable[[Any], Link | None] = _leads_nowhere
    raises_alerts: Callable[[Any], bool] = never
    """Whether a row can raise alerts: others are only shown, or say what to do with alerts."""

    def joined(self, other: "RowKind") -> "RowKind":
        """Return the combination of both, which are about the same kind of clause."""
        return RowKind(
            self.clause,
            is_measured=self.is_measured or other.is_measured,
            is_charted=self.is_charted or other.is_charted,
            link=lambda row: self.link(row) or other.link(row),
            raises_alerts=lambda row: self.raises_alerts(row) or other.raises_alerts(row),
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of the API that a token may use."""

    name: str
    """`read:…` or `act:…`; the latter gives orders."""
    purpose: Message


def _proposes_nothing(_design: Design, _kinds: Kinds) -> Iterable[OpenTable]:
    return ()


def _doubts_nothing(_design: Design, _bindings: Bindings) -> Iterable[Finding]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extension:
    """Everything that one chapter, or one subject of the engine, brings."""

    name: str
    """The same in every layer: `chapters/backup`, `faces/web/backup`, `faces/cli/backup`."""
    manual: str
    """The page about it: in Toban's manual, such as `backups.md`, or in the package that brings it."""
    rows: tuple[RowKind, ...] = ()
    """The kinds of clause it handles. Rows of these kinds that its plan leaves out show as not bound."""
    tables: tuple[Table[Any], ...] = ()
    """Its tables of `toban.toml`."""
    points: tuple[KindPoint[Any], ...] = ()
    """Its extension points."""
    kinds: KindModules = field(default_factory=dict)
    """The kinds that it registers, at its own extension points or at others'."""
    proposals: Callable[[Design, Kinds], Iterable[OpenTable]] = _proposes_nothing
    """What `toban init` writes for a document."""
    doubts: Callable[[Design, Bindings], Iterable[Finding]] = _doubts_nothing
    """Warnings about its tables, which are valid."""
    operation: str = ""
    """The module that holds its `OPERATION`; empty if it runs nothing."""
    consequence: str = ""
    """`module:function`: what `toban plan` reports besides the changed rows.

    Called with the two designs, the parts and the time; returns a `Consequence`."""
    offers: Offers = field(default_factory=dict)
    """What it offers at the ports of other extensions."""
    apps: tuple[str, ...] = ()
    """The Django apps with its tables of the state database."""
    pages: str = ""
    """The module of its URLs. Folders `templates` and `static` next to it are found automatically."""
    menu: tuple[Link, ...] = ()
    """Its entries in the menu of every page."""
    folded: tuple[Link, ...] = ()
    """Its entries that are opened now and then: they stand together below the last entry of the menu."""
    evidence: str = ""
    """`module:function`: the extension's own part of a row's evidence page.

    Called with the clause; returns the name of a template and its context, or None if there is nothing. The
    page adds its `now` and `zone`, by which templates write times.
    """
    intake: str = ""
    """The module that receives what is sent to the server.

    It holds `intake`, called with an `IngestServer`, which returns an `Intake`; see `faces/ingest/server.py`.
    """
    api: str = ""
    """The module of its part of the API: it holds `router`, see `faces/api/router.py`."""
    scopes: tuple[Scope, ...] = ()
    """The scopes of that part."""
    acts: Mapping[str, ActReader] = field(default_factory=dict)
    """How its entries of the audit log are read as changes, by the `order` or `event` that they record.

    An act that it leaves out is a change of the kind `other`.
    """
    why: str = ""
    """`module:name` of a `Why`: how `toban why` explains names of its own; see `faces/cli/answer.py`."""
    commands: Mapping[str, Command] = field(default_factory=dict)
    """The commands of `toban` that it brings; `status export` is a subcommand of `toban status`."""

    def beside_pages(self, folder: str) -> Iterator[Path]:
        """Yield the *folder* next to the module of its pages, if there is one."""
        spec = find_spec(self.pages) if self.pages else None
        if spec is not None and spec.origin is not None:
            found = Path(spec.origin).with_name(folder)
            if found.is_dir():
                yield found

    @property
    def tags(self) -> str:
        """The module `tags` next to that of its pages: its templates load it by the extension's name."""
        beside = f"{self.pages.rpartition('.')[0]}.tags" if self.pages else ""
        return beside if beside and find_spec(beside) is not None else ""
