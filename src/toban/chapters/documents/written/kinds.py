"""The documents that Toban can write, each as files."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from toban.chapters.documents.written import contacts, diagram, incidents, procedures
from toban.chapters.documents.written.acting import Acts
from toban.chapters.documents.written.paper import Paper, markdown
from toban.chapters.documents.written.standing import NOTHING_KNOWN, Standing
from toban.engine.editions.edition import Edition
from toban.engine.operation import Operation

_MARK = re.compile(rb"\n<!-- toban for:([0-9a-f]{12}) edition:([0-9a-f/]{25}) sha256:([0-9a-f]{64}) -->\n\Z")


class WrittenKind(StrEnum):
    """What Toban can write."""

    DIAGRAM = "diagram"
    PROCEDURES = "procedures"
    INCIDENTS = "incidents"
    CONTACTS = "contacts"


_PAPERS: Mapping[WrittenKind, Callable[[Acts], Paper]] = {
    WrittenKind.DIAGRAM: lambda acts: diagram.paper(acts.edition, acts.standing),
    WrittenKind.PROCEDURES: procedures.paper,
    WrittenKind.INCIDENTS: incidents.paper,
    WrittenKind.CONTACTS: lambda acts: contacts.paper(acts.edition, acts.standing),
}


def paper_of(
    kind: WrittenKind,
    edition: Edition,
    operations: Sequence[Operation[Any]],
    standing: Standing = NOTHING_KNOWN,
) -> Paper:
    """Return the document of *kind*, as *edition* has it, and as things stand."""
    return _PAPERS[kind](Acts.of(edition, operations, standing))


def files_of(
    kind: WrittenKind,
    edition: Edition,
    operations: Sequence[Operation[Any]],
    language: str,
    title: str = "",
    standing: Standing = NOTHING_KNOWN,
) -> Mapping[str, str]:
    """Return the files of the document of *kind* by their names; the text is the first of them.

    *title* is its name in chapter 12, if it has one there.
    """
    paper = paper_of(kind, edition, operations, standing)
    files = {f"{kind}.md": markdown(replace(paper, title=title or paper.title), language)}
    if kind is WrittenKind.DIAGRAM:
        files[diagram.FILE] = diagram.svg(diagram.system_map(edition, standing), language)
    return files


def edition_mark(edition: Edition) -> str:
    """Return what identifies an edition at the end of a file: of the document, and of the bindings."""
    return f"{edition.design.digest[:12]}/{edition.bindings.acting_digest[:12]}"


def marked(text: str, edition: str, owner: str) -> bytes:
    """Return *text* with its digest at the end, by which an edit shows; *owner* is who writes the file."""
    body = text.rstrip("\n").encode() + b"\n"
    mark = f"\n<!-- toban for:{_short(owner)} edition:{edition} sha256:{sha256(body).hexdigest()} -->\n"
    return body + mark.encode()


def is_own(content: bytes, owner: str) -> bool:
    """Return whether *content* is what was written for *owner*, and nobody has edited it since."""
    found = _MARK.search(content)
    if found is None or found[1].decode() != _short(owner):
        return False
    return sha256(content[: found.start()]).hexdigest() == found[3].decode()


def _short(owner: str) -> str:
    return sha256(owner.encode()).hexdigest()[:12]
