"""運用手順書: what is really done about every row, also on a day on which Toban is away. Pure."""

from collections.abc import Iterator

from toban.chapters.documents.written.acting import Acts, chapter_title, sections, stated
from toban.chapters.documents.written.paper import Bullet, Paper, PaperBlock, Text, Title
from toban.design.chapter import Chapter
from toban.message import Message

_ELSEWHERE = {Chapter.INCIDENT}
"""Chapters that have a document of their own."""


def paper(acts: Acts) -> Paper:
    """Return the procedures of every chapter."""
    return Paper(Message("documents-written.procedures"), (*without_toban(), *_chapters(acts)))


def without_toban() -> Iterator[PaperBlock]:
    """Yield what people have to know and do while Toban is away."""
    yield Title(2, Message("documents-written.without"))
    yield Text(Message("documents-written.without-why"))
    yield from (
        Bullet(Message(f"documents-written.without-{each}")) for each in ("state", "alerts", "works", "back")
    )


def _chapters(acts: Acts) -> Iterator[PaperBlock]:
    for chapter in Chapter:
        rows = [each for each in acts.edition.design.clauses if each.chapter is chapter]
        if not rows or chapter in _ELSEWHERE:
            continue
        yield Title(2, chapter_title(chapter))
        still = [each for each in rows if each.id not in acts.works]
        if still:
            yield stated(acts, still)
        yield from sections(acts, [each for each in rows if each.id in acts.works])
