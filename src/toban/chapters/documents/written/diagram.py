"""The system as it is bound and found: targets, what they run on, where backups go; SVG and Mermaid. Pure.

The drawing is small enough to need no layout library: what runs on something stands left of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from toban.chapters.documents.written.paper import Code, Grid, Paper, PaperBlock, Picture, Text, Title
from toban.chapters.documents.written.standing import NOTHING_KNOWN, Standing
from toban.design.clauses.backup import BackupPolicy
from toban.engine.amounts import length
from toban.engine.bindings.model import Bindings
from toban.engine.changes.hosts import hosts_of
from toban.engine.editions.edition import Edition
from toban.engine.notify.duty.roster import clock
from toban.message import Message, listing
from toban.text import columns_of

FILE = "diagram.svg"
_MOST_HOSTS = 6
_WIDTH, _LINE, _GAP, _COLUMN, _MARGIN = 220, 20, 24, 320, 20
_LOOK = 'font-family="system-ui, sans-serif" font-size="13" fill="none" stroke="currentColor"'
_NAMED = 'role="img" aria-labelledby="map-title map-text"'
_FITTING = 27
"""Columns of a terminal that fit into a box."""


@dataclass(frozen=True, slots=True)
class DiagramNode:
    """A box of the diagram."""

    name: str
    lines: tuple[str, ...] = ()
    """Its hosts and services."""
    more: int = 0
    """How many of them are not named."""
    kinds: tuple[str, ...] = ()
    """By what it is measured, or where backups are kept."""
    is_store: bool = False


@dataclass(frozen=True, slots=True)
class SystemMap:
    """Everything that is drawn, and what belongs to what by the places in `nodes`."""

    nodes: tuple[DiagramNode, ...]
    runs_on: tuple[tuple[int, int], ...]
    backed_up: tuple[tuple[int, int], ...]

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """All lines of the drawing."""
        return (*self.runs_on, *self.backed_up)


def system_map(edition: Edition, standing: Standing = NOTHING_KNOWN) -> SystemMap:
    """Return how the system is built, by the document, the bindings and what discovery has found."""
    bindings = edition.bindings
    targets = (*_targets(bindings, standing.hosts), *_backed_up_alone(edition))
    stores = tuple(
        DiagramNode(name, kinds=(each.kind,), is_store=True) for name, each in bindings.stores.items()
    )
    nodes = (*targets, *stores)
    places = {(each.is_store, each.name): place for place, each in enumerate(nodes)}
    runs_on = [
        (places[False, one], places[False, other])
        for one, other in bindings.runs_on.items()
        if (False, one) in places and (False, other) in places
    ]
    backed_up = dict.fromkeys(
        (places[False, row.subject], places[True, row.destination])
        for row in edition.design.of(BackupPolicy)
        if (False, row.subject) in places and (True, row.destination) in places
    )
    return SystemMap(nodes, tuple(runs_on), tuple(backed_up))


def paper(edition: Edition, standing: Standing) -> Paper:
    """Return the document about how the system is built."""
    drawn, bindings = system_map(edition, standing), edition.bindings
    title = Message("documents-written.diagram")
    if not drawn.nodes:
        return Paper(title, (Text(Message("documents-written.nothing-bound", file=bindings.file)),))
    header = tuple(
        Message(f"documents-written.{each}")
        for each in ("part", "hosts", "measured-by", "runs-on", "found-by")
    )
    return Paper(
        title,
        (
            Picture(FILE, Message("documents-written.diagram-of", count=len(drawn.nodes))),
            Code(mermaid(drawn), "mermaid"),
            Title(2, Message("documents-written.parts")),
            Grid(header, tuple(_row(each, bindings) for each in drawn.nodes)),
            *_serving(edition, standing),
        ),
    )


def _serving(edition: Edition, standing: Standing) -> Iterator[PaperBlock]:
    zone = edition.bindings.system.zone
    rows = tuple(
        (each.deployment, each.environment, each.version, clock(each.since, zone))
        for each in standing.serving
    )
    if rows:
        names = ("deployment", "environment", "version", "since")
        yield Title(2, Message("documents-written.serving"))
        yield Grid(tuple(Message(f"documents-written.{each}") for each in names), rows)


def mermaid(drawn: SystemMap) -> str:
    """Return the diagram for renderers of Markdown that know Mermaid."""
    lines = ["flowchart LR"]
    for place, node in enumerate(drawn.nodes):
        label = "<br>".join(_label(each) for each in (node.name, *_lines(node)))
        lines.append(f'  n{place}[("{label}")]' if node.is_store else f'  n{place}["{label}"]')
    lines += [f"  n{one} --> n{other}" for one, other in drawn.runs_on]
    lines += [f"  n{one} -.-> n{other}" for one, other in drawn.backed_up]
    return "\n".join(lines)


def svg(drawn: SystemMap, language: str, *, alone: bool = True) -> str:
    """Return the drawing; *alone*, it brings a background and colours, else it has those of its page."""
    boxes = _placed(drawn)
    width = max((x for x, _ in boxes), default=0) + _WIDTH + _MARGIN
    height = (
        max((y + _height(node) for (_, y), node in zip(boxes, drawn.nodes, strict=True)), default=0) + _MARGIN
    )
    title = Message("documents-written.diagram").in_language(language)
    described = Message("documents-written.diagram-of", count=len(drawn.nodes)).in_language(language)
    color = "#1b1b1b" if alone else "inherit"
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" color="{color}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {_LOOK} {_NAMED}>',
        f'<title id="map-title">{escape(title)}</title><desc id="map-text">{escape(described)}</desc>',
    ]
    if alone:
        parts.append(f'<rect width="{width}" height="{height}" fill="#ffffff" stroke="none"/>')
    parts += [
        _arrow(
            boxes[one],
            boxes[other],
            drawn.nodes[one],
            drawn.nodes[other],
            dashed=(one, other) in drawn.backed_up,
        )
        for one, other in drawn.edges
    ]
    parts += [_box(node, *place) for node, place in zip(drawn.nodes, boxes, strict=True)]
    return "\n".join((*parts, "</svg>\n"))


def _targets(bindings: Bindings, seen: Mapping[str, frozenset[str]]) -> Iterator[DiagramNode]:
    hosts = hosts_of(bindings)
    for target, sources in bindings.targets.items():
        names = sorted(_without_ports(hosts[target] | seen.get(target, frozenset())))
        found = (each.bound.kind for each in bindings.discoveries.get(target, ()))
        kinds = dict.fromkeys((*(each.kind for each in sources), *found))
        yield DiagramNode(target, tuple(names[:_MOST_HOSTS]), max(len(names) - _MOST_HOSTS, 0), tuple(kinds))


def _backed_up_alone(edition: Edition) -> Iterator[DiagramNode]:
    """Yield what is backed up under a name that is no target's."""
    bindings = edition.bindings
    kept = (row for row in edition.design.of(BackupPolicy) if row.destination in bindings.stores)
    for subject in dict.fromkeys(row.subject for row in kept):
        if subject not in bindings.targets:
            yield DiagramNode(subject)


def _without_ports(names: set[str]) -> set[str]:
    """Leave out `web-1:9100` where `web-1` is there too."""
    return {each for each in names if each.rpartition(":")[0] not in names}


def _row(node: DiagramNode, bindings: Bindings) -> tuple[Message | str, ...]:
    found = [
        Message("documents-written.every", kind=each.bound.kind, length=length(each.bound.config.every))
        for each in bindings.discoveries.get(node.name, ())
    ]
    hosts = listing(node.lines)
    more = Message("documents-written.and-more", hosts=hosts, count=node.more) if node.more else hosts
    if node.is_store:
        return (node.name, "—", Message("documents-written.store", kind=node.kinds[0]), "—", "—")
    return (
        node.name,
        more or "—",
        listing(node.kinds) or "—",
        bindings.runs_on.get(node.name, "—"),
        listing(found) or "—",
    )


def _placed(drawn: SystemMap) -> Sequence[tuple[int, int]]:
    """Return the upper left corner of each box: what others need stands right of all of them."""
    columns = _columns(drawn)
    below: dict[int, int] = {}
    found = []
    for place, node in enumerate(drawn.nodes):
        column = columns[place]
        y = below.get(column, _MARGIN)
        below[column] = y + _height(node) + _GAP
        found.append((_MARGIN + column * _COLUMN, y))
    return found


def _columns(drawn: SystemMap) -> Mapping[int, int]:
    columns = dict.fromkeys(range(len(drawn.nodes)), 0)
    # As often as the longest way may have steps: a circle ends there.
    for _ in drawn.nodes:
        before = dict(columns)
        for one, other in drawn.edges:
            columns[other] = min(max(columns[other], columns[one] + 1), len(drawn.nodes) - 1)
        if columns == before:
            break
    return columns


def _height(node: DiagramNode) -> int:
    return _LINE * (1 + len(_lines(node)) + bool(node.kinds)) + 12


def _lines(node: DiagramNode) -> tuple[str, ...]:
    return (*node.lines, f"+{node.more}") if node.more else node.lines


def _box(node: DiagramNode, x: int, y: int) -> str:
    written = [(node.name, "600"), *((each, "400") for each in _lines(node))]
    written += [(" / ".join(node.kinds), "400")] if node.kinds else []
    texts = "".join(
        f'<text x="{x + 12}" y="{y + 20 + _LINE * place}" font-weight="{weight}">{escape(_fitting(text))}'
        "</text>"
        for place, (text, weight) in enumerate(written)
    )
    corner = 14 if node.is_store else 3
    frame = f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_height(node)}" rx="{corner}"/>'
    words = f'<g fill="currentColor" stroke="none">{texts}</g>'
    return f"<g><title>{escape(node.name)}</title>{frame}{words}</g>"


def _arrow(
    start: tuple[int, int], end: tuple[int, int], one: DiagramNode, other: DiagramNode, *, dashed: bool
) -> str:
    x1, y1 = start[0] + _WIDTH, start[1] + _height(one) // 2
    x2, y2 = end[0], end[1] + _height(other) // 2
    middle = (x1 + x2) // 2
    kind = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<path d="M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"{kind}/>'
        f'<path d="M{x2} {y2} l-8 -4 v8 z" fill="currentColor"/>'
    )


def _fitting(text: str) -> str:
    if columns_of(text) <= _FITTING:
        return text
    cut = text
    while columns_of(cut) > _FITTING - 1:
        cut = cut[:-1]
    return f"{cut}…"


def _label(text: str) -> str:
    return escape(text, quote=False).replace('"', "#quot;").replace("\n", " ")
