"""A first `toban.toml` for a document: every question the document leaves open, each with a proposal. Pure.

Prose is commented with `# `, proposals with `#` right before the key. Removing the `#` puts a proposal in
force; until then nothing is bound to an invented host.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from toban.design.clauses.base import Clause
from toban.design.markdown import Heading
from toban.design.reader import Design
from toban.engine.assumptions.vague import words
from toban.engine.bindings.section import Section
from toban.engine.bindings.toml import key, quoted
from toban.message import Message

_NOTHING: Mapping[str, str | int | Sequence[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class BindingProposal:
    """A kind to bind, and what its table must contain."""

    kind: str
    """Empty for a table that has no kinds."""
    config: type[Section]
    values: Mapping[str, str | int | Sequence[str]] = _NOTHING
    """Values that are known better than in the example, or missing from it."""


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table to write: `[stores."S3"]`, the rows that ask for it, and what it may contain."""

    table: str
    name: str
    """Empty for a table that has no entries: `[evidence]`."""
    rows: Sequence[Clause]
    proposals: Sequence[BindingProposal]
    """One, or several for an array; none if only the notes are written."""
    notes: Sequence[Message] = ()
    """More comment lines about the table."""
    within: str = ""
    """The array that holds each of *proposals* as an entry: `[[targets."DB".sources]]`."""

    @property
    def head(self) -> str:
        """The line that begins each entry."""
        path = ".".join(part for part in (self.table, self.name and key(self.name), self.within) if part)
        return f"[[{path}]]" if self.within else f"[{path}]"


def draft(design: Design, tables: Iterable[OpenTable]) -> str:
    """Return the text of a `toban.toml` for *design*; it loads unchanged, and binds nothing yet."""
    return "\n".join([_head(design), *(_table(table) for table in tables), *_assumptions(design)])


def _head(design: Design) -> str:
    title = next((block.text for block in design.blocks if isinstance(block, Heading)), "")
    return f"""\
# {Message("bindings.draft-what-belongs-here", document=_line(design.document))}
# {Message("bindings.draft-how-to-bind")}
# {Message("bindings.draft-secrets")}

[system]
name = {quoted(title)}
timezone = "Asia/Tokyo"
# {Message("bindings.draft-holidays")}
holidays = "JP"
"""


def _table(table: OpenTable) -> str:
    lines = [f"# {_cite(row)}" for row in table.rows]
    lines += [f"# {_line(str(note))}" for note in table.notes]
    for proposal in table.proposals:
        lines += [f"#{table.head}", *_proposed(proposal)]
    return "\n".join([*lines, ""])


def _assumptions(design: Design) -> Iterator[str]:
    taken = [(clause, assumption) for clause in design.clauses for assumption in clause.assumptions]
    if taken:
        lines = [f"# {Message('bindings.draft-assumptions')}"]
        lines += [f"# {clause.origin}: {_line(str(assumption))}" for clause, assumption in taken]
        meanings = words(design)
        if meanings:
            lines += [
                "#[assumptions]",
                *(f"#{quoted(word)} = {quoted(at)}" for word, at in meanings.items()),
            ]
        yield "\n".join([*lines, ""])


def _proposed(proposal: BindingProposal) -> Iterator[str]:
    if proposal.kind:
        yield f"#kind = {quoted(proposal.kind)}"
    for name, value in {**proposal.config.example, **proposal.values}.items():
        yield f"#{name} = {_written(value)}"


def _written(value: str | int | Sequence[str]) -> str:
    if isinstance(value, int):
        return str(value)
    return quoted(value) if isinstance(value, str) else f"[{', '.join(map(quoted, value))}]"


def _cite(clause: Clause) -> str:
    return f"{clause.origin} {_line(clause.text)}"


def _line(text: str) -> str:
    """Return *text* on one line: a comment must not run over into the next line."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())
