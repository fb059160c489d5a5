"""All decisions of the document: how each stands, since when, what breaks it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.design.clauses.decisions import Decision
from toban.engine.clock import system_clock
from toban.engine.evidence.verdict import FIRING
from toban.faces.document.address import evidence_address
from toban.faces.document.live import LiveRow
from toban.faces.web.decisions.shown import ShownCounterExample, ShownPiece, counter_examples, histories
from toban.faces.web.frame import frame, in_force, look


@dataclass(frozen=True, slots=True)
class ShownDecision:
    """A decision of the list."""

    decision: Decision
    row: LiveRow
    address: str
    pieces: Sequence[ShownPiece]
    against: Sequence[ShownCounterExample]


@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    """Show every decision in the document's order."""
    edition, now = in_force(), system_clock()
    sight = look(edition, now)
    rows = edition.design.of(Decision)
    ids = {row.id for row in rows}
    ribbons = histories(
        {each.clause_id: each for each in sight.statuses if each.clause_id in ids}, now, sight.zone
    )
    shown = [
        ShownDecision(
            row,
            sight.rows[row.id],
            evidence_address(row.id),
            ribbons.get(row.id, ()),
            counter_examples(row, edition, now) if sight.rows[row.id].verdict in FIRING else (),
        )
        for row in rows
    ]
    return render(request, "decisions/decisions.html", {**frame(sight, "decisions"), "shown": shown})
