"""What the unread tables are, asked of their owner: what could be declared, and what the rows would be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.catalogue import active_language
from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS
from toban.design.reading.declared.proposals import AskedTable, asked_tables, tried
from toban.design.reading.grounds import said_fields
from toban.engine.bindings.reading.draft import reading_table
from toban.engine.clock import system_clock
from toban.faces.web.frame import frame, in_force, look
from toban.message import Message, listing

_MOST, _ROWS = 50, 5
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class ShownReading:
    """A declaration, what its first rows would be, and what to paste where."""

    declares: str
    rows: Sequence[Message]
    flaws: Sequence[tuple[Message, Message]] = ()
    """What is wrong with it, each with the way out."""
    comment: str = ""
    table: str = ""


@dataclass(frozen=True, slots=True)
class ShownQuestion:
    """A table that was not read, with the declarations that would read it."""

    asked: AskedTable
    readings: Sequence[ShownReading]
    own: ShownReading | None
    """What the reader of the page has typed for it."""

    @property
    def rows(self) -> list[tuple[str, ...]]:
        return [row.cells for row in self.asked.table.rows[:_ROWS]]


@require_safe
def reading(request: HttpRequest) -> HttpResponse:
    """Show every unread table with proposals; `?line=` and `?declares=` try other words on one of them."""
    edition = in_force()
    # Trying what a table could be takes a while: no more of them than are shown.
    asked = list(islice(asked_tables(edition.design), _MOST + 1))
    line, words = request.GET.get("line", ""), request.GET.get("declares", "").strip()[:_LONGEST]
    context = {
        **frame(look(edition, system_clock()), "reading"),
        "questions": [
            _question(each, words if str(each.table.line) == line else "", edition.design.document)
            for each in asked[:_MOST]
        ],
        "has_more": len(asked) > _MOST,
    }
    return render(request, "document/reading.html", context)


def _question(asked: AskedTable, words: str, document: str) -> ShownQuestion:
    proposed = [
        _shown(asked, each.declares(active_language()), each.clauses[:_ROWS]) for each in asked.proposals
    ]
    return ShownQuestion(asked, proposed, _own(asked, words, document) if words else None)


def _own(asked: AskedTable, words: str, document: str) -> ShownReading:
    found = tried(asked, words, document)
    clauses = [clause for outcome in found.outcomes for clause in outcome.clauses]
    flaws = [(flaw.message, flaw.hint) for flaw in found.flaws[:_ROWS]]
    return _shown(asked, words, clauses[:_ROWS]) if clauses else ShownReading(words, (), flaws)


def _shown(asked: AskedTable, declares: str, clauses: Sequence[Clause]) -> ShownReading:
    table = reading_table(declares, asked.headings, asked.table.header)
    return ShownReading(declares, list(_said(clauses)), (), f"<!-- toban: {declares} -->", table)


def _said(clauses: Sequence[Clause]) -> Iterator[Message]:
    for clause in clauses:
        yield Message(
            "document.row-would-be", kind=KINDS[clause.kind], values=listing([*said_fields(clause)])
        )
