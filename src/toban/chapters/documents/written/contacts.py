"""連絡先一覧: who holds which role at which hours, by which turns, and how they are reached. Pure."""

from collections.abc import Iterator, Mapping

from toban.chapters.documents.written.paper import Grid, Paper, PaperBlock, Title
from toban.chapters.documents.written.standing import Standing
from toban.design.clauses.duty import DutyRole
from toban.engine.bindings.model import Person
from toban.engine.editions.edition import Edition
from toban.engine.notify.duty.roster import Layer, clock, name_of, rosters
from toban.message import Message, listing

_NONE = "—"


def paper(edition: Edition, standing: Standing) -> Paper:
    """Return the list of contacts."""
    blocks: list[PaperBlock] = [Title(2, Message("documents-written.roles")), _roles(edition)]
    blocks += deputies(edition, standing)
    return Paper(
        Message("documents-written.contacts"),
        (*blocks, Title(2, Message("documents-written.people")), reached(edition)),
    )


def deputies(edition: Edition, standing: Standing) -> Iterator[PaperBlock]:
    """Yield who holds a role instead of whose turn it is, now and later; why is nobody's business here."""
    people, zone = edition.bindings.people, edition.bindings.system.zone
    rows = tuple(
        (
            each.role,
            people[each.person].name or each.person if each.person in people else each.person,
            clock(each.start, zone),
            clock(each.end, zone),
        )
        for each in standing.deputies
    )
    if rows:
        yield Title(2, Message("documents-written.deputies"))
        yield Grid(_header("role", "name", "from", "until"), rows)


def reached(edition: Edition) -> Grid:
    """Return how everybody is reached. Addresses of services that could be keys are left out."""
    bindings = edition.bindings
    named = {
        name: name_of(name, each, bindings.people)
        for each in rosters(edition.design, bindings.duty)
        for name in (each.role,)
    }
    rows = tuple(
        (
            role,
            person.name or named.get(role, _NONE),
            person.phone or _NONE,
            person.email or _NONE,
            person.slack or _NONE,
            "PagerDuty" if person.pagerduty else _NONE,
        )
        for role, person in bindings.people.items()
    )
    written = tuple(_written_only(edition))
    return Grid(
        (
            *_header("role", "name", "phone"),
            Message("documents-written.mail"),
            "Slack",
            Message("documents-written.other"),
        ),
        (*rows, *written),
    )


def _written_only(edition: Edition) -> Iterator[tuple[Message | str, ...]]:
    """Yield those whom only the document names."""
    for row in edition.design.of(DutyRole):
        if row.role not in edition.bindings.people:
            ways = listing([str(each) for each in row.channels]) or _NONE
            yield (row.role, row.holder or _NONE, _NONE, _NONE, _NONE, ways)


def _roles(edition: Edition) -> Grid:
    bindings = edition.bindings
    rows = []
    for roster in rosters(edition.design, bindings.duty):
        turns = [_turn(layer, bindings.people) for layer in roster.layers]
        held = listing(turns) or name_of(roster.role, roster, bindings.people)
        duties = roster.clause.duties if roster.clause is not None else ""
        rows.append(
            (roster.role, held, str(roster.hours) if roster.hours is not None else _NONE, duties or _NONE)
        )
    return Grid(_header("role", "held-by", "hours", "duties"), tuple(rows))


def _turn(layer: Layer, people: Mapping[str, Person]) -> Message:
    names = [people[each].name or each if each in people else each for each in layer.people]
    return Message("documents-written.turns", people=names, handover=str(layer.handover))


def _header(*names: str) -> tuple[Message, ...]:
    return tuple(Message(f"documents-written.{each}") for each in names)
