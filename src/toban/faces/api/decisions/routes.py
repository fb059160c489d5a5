"""Decisions by the API: how each stands by the evidence of this moment, and what breaks it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Schema

from toban.chapters.decisions.report import judgement_of
from toban.design.clauses.decisions import Decision, DecisionSubject
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.assertions import CounterExample
from toban.faces.api import cursors
from toban.faces.api.document import ShownRow
from toban.faces.api.edition import edition_in_force
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Part, Said, Turn
from toban.faces.document.address import link_address
from toban.faces.values.glance import GlanceRow, look, row_values

router = ScopedRouter()


class ShownCounterExample(Schema):
    """What breaks a decision, and the page where to look at it."""

    text: Said
    page: str


class ShownDecision(ShownRow):
    """A row of chapter 13."""

    subject: DecisionSubject | None
    """What it promises; null if its words leave that open."""
    against: list[ShownCounterExample]


@router.read("/decisions", "read:status", Part[ShownDecision])
def decisions(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List the decisions in the document's order, with what breaks them at the moment."""
    after = cursors.position(request, turn)
    edition = edition_in_force()
    seen = {row.clause.id: row for row in look(edition, settings.PARTS.operations, system_clock()).rows}
    found = [(each, seen[each.id]) for each in edition.design.of(Decision)]
    wanted = [each for each in found if after is None or _place(each) > after][: turn.limit + 1]
    return cursors.part(request, turn, wanted, lambda each: _values(each[0], each[1], edition), _place)


def _values(decision: Decision, row: GlanceRow, edition: Edition) -> dict[str, object]:
    found = judgement_of(decision, settings.PARTS.ports, edition, system_clock())
    return {
        **row_values(row),
        "subject": decision.subject,
        "against": [_against(each) for each in found.against],
    }


def _against(each: CounterExample) -> dict[str, object]:
    page = link_address(each.link) if each.link is not None else ""
    return {"text": each.text.as_output(), "page": page}


def _place(each: tuple[Decision, GlanceRow]) -> list[Any]:
    return [each[0].origin.line, each[0].id]
