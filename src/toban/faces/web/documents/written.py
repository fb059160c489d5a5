"""The documents that Toban writes itself, as pages: always as the version in force and the ledgers are."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from toban.chapters.documents.written import diagram
from toban.chapters.documents.written.kinds import WrittenKind, paper_of
from toban.chapters.documents.written.paper import Bullet, Code, Grid, Paper, Picture, Text, Title, Words
from toban.chapters.documents.written.standing import Standing, standing_at
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.faces.web.frame import frame, in_force, look


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A block for the template."""

    kind: str
    text: Words = ""
    level: int = 0
    header: tuple[Words, ...] = ()
    rows: tuple[tuple[tuple[Words, Words], ...], ...] = ()
    """Each cell with the heading of its column, which a phone shows beside it."""
    points: tuple[Words, ...] = ()
    drawing: SafeString | str = ""


@require_safe
def written(request: HttpRequest, kind: str) -> HttpResponse:
    """Show one of the documents, which can be printed."""
    if kind not in set(WrittenKind):
        raise Http404
    edition, now = in_force(), system_clock()
    standing = standing_at(edition, settings.PARTS.ports, now)
    paper = paper_of(WrittenKind(kind), edition, settings.PARTS.operations, standing)
    context = {
        **frame(look(edition, now), "documents"),
        "heading": paper.title,
        "blocks": list(_shown(paper, edition, standing)),
        "document": PurePath(edition.design.document).name,
        "digest": edition.design.digest[:12],
        "at": now,
    }
    return render(request, "documents/written.html", context)


def _shown(paper: Paper, edition: Edition, standing: Standing) -> Iterator[ShownBlock]:
    for is_list, blocks in groupby(paper.blocks, lambda each: isinstance(each, Bullet)):
        if is_list:
            yield ShownBlock("list", points=tuple(each.text for each in blocks if isinstance(each, Bullet)))
            continue
        for block in blocks:
            match block:
                case Title(level, text):
                    yield ShownBlock("title", text, level)
                case Text(text):
                    yield ShownBlock("text", text)
                case Grid(header, rows):
                    labelled = tuple(tuple(zip(header, row, strict=True)) for row in rows)
                    yield ShownBlock("table", header=header, rows=labelled)
                case Code(text):
                    yield ShownBlock("code", text)
                case Picture():
                    found = diagram.system_map(edition, standing)
                    drawn = diagram.svg(found, get_language() or "ja", alone=False)
                    # Every text in it is escaped where it is drawn.
                    yield ShownBlock("drawing", drawing=mark_safe(drawn))  # noqa: S308
