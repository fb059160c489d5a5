"""What `toban init` proposes for the documents of chapter 12: a repository, a wiki, or Toban itself. Pure."""

import re
from collections.abc import Iterator

from toban.chapters.documents.places.place import DOCUMENT_KINDS
from toban.design.clauses.documents import ManagedDocument
from toban.design.reader import Design
from toban.design.section import normalise
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds
from toban.message import Message

_WRITTEN = "written"
_GIT = re.compile(r"git|repository|svn")


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield a place for each document of *design*, with what it seems to be about."""
    found = kinds.of(DOCUMENT_KINDS)
    for row in design.of(ManagedDocument):
        if row.derived and _WRITTEN in found:
            proposal = BindingProposal(_WRITTEN, found[_WRITTEN].config, {"writes": row.derived})
            yield OpenTable("documents", row.name, [row], [proposal], [Message("documents.written-by-toban")])
            continue
        kind = "git" if any(_GIT.search(normalise(each)) for each in row.places) else "page"
        if kind not in found:
            continue
        values = {"about": row.subjects} if row.follows_changes else {}
        proposal = BindingProposal(kind, found[kind].config, values)
        said = [Message("documents.confirm-about")] if values else []
        yield OpenTable("documents", row.name, [row], [proposal], said)
