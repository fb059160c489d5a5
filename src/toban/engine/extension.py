"""What a chapter brings, or a subject of the engine, as one value. See docs/adr/0020.

`Extension` is what is declared. Every command that reads `toban.toml` loads it, so it imports no client, no
table of the state database and no page. What is done is an `Operation`: named here, loaded when Toban runs.
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
from toban.engine.registry.commands import Command
from toban.engine.registry.kinds import KindModules, KindPoint, Kinds
from toban.engine.registry.ports import Offers


@dataclass(frozen=True, slots=True)
class Link:
    """A page that the menu leads to, or that tells more of a row."""

    page: str
    """Its name in the URL table."""
    label: str
    """In Japanese; the page says it in the reader's language."""
    arguments: tuple[object, ...] = ()
    query: str = ""
    """What is asked of it: `verdict=firing`."""


def always(_clause: Any) -> bool:
    """Say so of every row."""
    return True


def never(_clause: Any) -> bool:
    """Say so of no row."""
    return False


def _leads_nowhere(_clause: Any) -> Link | None:
    return None


@dataclass(frozen=True, slots=True)
class Consequence:
    """What taking a new version of the document would do beyond its rows: delete logs that are kept today."""

    key: str
    """Under which name it stands in JSON."""
    title: str
    lines: tuple[str, ...] = ()
    """For people; none where there is nothing to tell."""
    values: object = ()
    """The same, as JSON values."""


@dataclass(frozen=True, slots=True)
class RowKind:
    """A kind of clause that an extension answers for, and how the living page shows its rows."""

    clause: type[Clause]
    is_measured: bool = False
    """Whether its rows have a value of their own: the page sets a column aside for it."""
    is_charted: bool = False
    """Whether the operation's `chart` knows a series for its rows."""
    link: Callable[[Any], Link | None] = _leads_nowhere
    raises_alerts: Callable[[Any], bool] = never
    """Whether alerts can be of a row: others are only shown, or order what is done with alerts."""

    def joined(self, other: "RowKind") -> "RowKind":
        """Return what both say of the same kind of clause."""
        return RowKind(
            self.clause,
            is_measured=self.is_measured or other.is_measured,
            is_charted=self.is_charted or other.is_charted,
            link=lambda row: self.link(row) or other.link(row),
            raises_alerts=lambda row: self.raises_alerts(row) or other.raises_alerts(row),
        )


def _proposes_nothing(_design: Design, _kinds: Kinds) -> Iterable[OpenTable]:
    return ()


def _doubts_nothing(_design: Design, _bindings: Bindings) -> Iterable[Finding]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extension:
    """All that one chapter, or one subject of the engine, brings."""

    name: str
    """The same in every layer: `chapters/backup`, `faces/web/backup`, `faces/cli/backup`."""
    manual: str
    """The page about it: of Toban's manual, as `backups.md`, or of the package that brings it."""
    rows: tuple[RowKind, ...] = ()
    """The kinds of clause it answers for. A row of them that its plan leaves out shows as not connected."""
    tables: tuple[Table[Any], ...] = ()
    """Its tables of `toban.toml`."""
    points: tuple[KindPoint[Any], ...] = ()
    """Its extension points."""
    kinds: KindModules = field(default_factory=dict)
    """The kinds that it registers, at its own points or at those of others."""
    proposals: Callable[[Design, Kinds], Iterable[OpenTable]] = _proposes_nothing
    """What `toban init` writes for a document."""
    doubts: Callable[[Design, Bindings], Iterable[Finding]] = _doubts_nothing
    """What of its tables is doubtful though valid."""
    operation: str = ""
    """The module that holds its `OPERATION`; empty where it runs nothing."""
    consequence: str = ""
    """`module:function`: what `toban plan` tells besides the changed rows.

    Called with the two designs, the parts and the time; returns a `Consequence`."""
    offers: Offers = field(default_factory=dict)
    """What it answers when other extensions ask."""
    apps: tuple[str, ...] = ()
    """Django apps: those with its tables of the state database."""
    pages: str = ""
    """The module of its URLs. Folders `templates` and `static` beside it are found by themselves."""
    menu: tuple[Link, ...] = ()
    """Its places in the menu of every page."""
    evidence: str = ""
    """`module:function`: what the evidence of a row shows of its own.

    Called with the clause; returns the name of a template and its context, or None where there is nothing.
    """
    intake: str = ""
    """The module that takes in what is sent to the server.

    It holds `intake`, which is called with a `Server` and returns an `Intake`; see `faces/ingest/server.py`.
    """
    why: str = ""
    """`module:name` of a `Why`: what `toban why` tells of names of its own; see `faces/cli/answer.py`."""
    commands: Mapping[str, Command] = field(default_factory=dict)
    """The commands of `toban` that it brings; `status export` stands below `toban status`."""

    def beside_pages(self, folder: str) -> Iterator[Path]:
        """Yield the *folder* beside the module of its pages, if there is one."""
        spec = find_spec(self.pages) if self.pages else None
        if spec is not None and spec.origin is not None:
            found = Path(spec.origin).with_name(folder)
            if found.is_dir():
                yield found

    @property
    def tags(self) -> str:
        """The module `tags` beside that of its pages: its templates load it by the extension's name."""
        beside = f"{self.pages.rpartition('.')[0]}.tags" if self.pages else ""
        return beside if beside and find_spec(beside) is not None else ""
