"""障害対応手順書: levels, who is told, and what is done about each known failure. Pure."""

from collections.abc import Iterator

from toban.chapters.documents.written.acting import Acts, sections
from toban.chapters.documents.written.contacts import deputies, reached
from toban.chapters.documents.written.paper import Bullet, Grid, Paper, PaperBlock, Text, Title
from toban.chapters.documents.written.procedures import without_toban
from toban.design.clauses.incident import FailurePattern, IncidentFlow, IncidentLevel
from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.message import Message, listing


def paper(acts: Acts) -> Paper:
    """Return the document for the hour of an incident: the most urgent first."""
    design = acts.edition.design
    return Paper(
        Message("documents-written.incidents"),
        (
            *_levels(design),
            *_flow(design),
            *_told(design),
            Title(2, Message("documents-written.contacts")),
            reached(acts.edition),
            *deputies(acts.edition, acts.standing),
            *_patterns(acts),
            *without_toban(),
        ),
    )


def _levels(design: Design) -> Iterator[PaperBlock]:
    rows = design.of(IncidentLevel)
    if rows:
        yield Title(2, Message("documents-written.levels"))
        yield Grid(
            _header("level", "definition", "respond", "recover", "told"),
            tuple(
                (
                    each.name,
                    each.definition or "—",
                    Message("documents-written.at-once")
                    if each.is_immediate
                    else _length(each.respond_within),
                    _length(each.recover_within),
                    listing([str(who) for who in each.recipients]) or "—",
                )
                for each in rows
            ),
        )


def _flow(design: Design) -> Iterator[PaperBlock]:
    for flow in design.of(IncidentFlow):
        yield Title(2, Message("documents-written.flow"))
        yield from (
            Bullet(Message("documents-written.step", number=number, text=step))
            for number, step in enumerate(flow.steps, 1)
        )


def _told(design: Design) -> Iterator[PaperBlock]:
    rules = design.of(NotificationRule)
    if rules:
        yield Title(2, Message("documents-written.who-is-told"))
        yield Grid(
            _header("level", "told", "channels", "timing"),
            tuple(
                (
                    each.level_name,
                    listing([str(who) for who in each.recipients]) or "—",
                    listing([str(way) for way in each.channels]) or "—",
                    each.timing or "—",
                )
                for each in rules
            ),
        )


def _patterns(acts: Acts) -> Iterator[PaperBlock]:
    rows = acts.edition.design.of(FailurePattern)
    yield Title(2, Message("documents-written.failures"))
    if not rows:
        yield Text(Message("documents-written.no-failures"))
    yield from sections(acts, rows, only_automatic=True)


def _header(*names: str) -> tuple[Message, ...]:
    return tuple(Message(f"documents-written.{each}") for each in names)


def _length(written: object) -> str:
    return "—" if written is None else str(written)
