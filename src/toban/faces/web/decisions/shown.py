"""A decision as pages show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.conf import settings

from toban.chapters.decisions.report import judgement_of
from toban.design.clauses.decisions import Decision
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.faces.document.address import link_address
from toban.faces.web.decisions.ribbon import LONG, RibbonPiece, VerdictChange, ribbon
from toban.faces.words.verdicts import WORDS, clock, took
from toban.message import Message


@dataclass(frozen=True, slots=True)
class ShownCounterExample:
    """What breaks a decision, and where to look at it."""

    text: Message
    label: Message | None
    address: str


@dataclass(frozen=True, slots=True)
class ShownPiece:
    """A stretch of the ribbon under one verdict."""

    verdict: str
    left: float
    width: float
    said: str


def counter_examples(decision: Decision, edition: Edition, now: datetime) -> Sequence[ShownCounterExample]:
    """Return what breaks *decision* at the moment, by the evidence."""
    found = judgement_of(decision, settings.PARTS.ports, edition, now)
    return [
        ShownCounterExample(
            each.text,
            each.link.label if each.link is not None else None,
            link_address(each.link) if each.link is not None else "",
        )
        for each in found.against
    ]


def histories(
    known: Mapping[str, ClauseStatus], now: datetime, zone: tzinfo
) -> Mapping[str, Sequence[ShownPiece]]:
    """Return the ribbon of each row in *known*, by its id."""
    entries = LedgerEntry.objects.filter(
        kind=LedgerEntry.Kind.VERDICT, clause_id__in=list(known), at__gte=now - LONG
    ).order_by("sequence")
    changes: dict[str, list[VerdictChange]] = {clause_id: [] for clause_id in known}
    for entry in entries:
        former = changes[entry.clause_id]
        before = entry.content.get("before")
        if not former and before:
            former.append(VerdictChange(now - LONG, Verdict(str(before))))
        former.append(VerdictChange(entry.at, Verdict(str(entry.content["verdict"]))))
    for clause_id, status in known.items():
        # What went out of date left no entry.
        former, verdict = changes[clause_id], Verdict(status.verdict)
        if not former or former[-1].verdict is not verdict:
            former.append(VerdictChange(status.since, verdict))
    return {
        clause_id: [_shown(each, now, zone) for each in ribbon(found, now)]
        for clause_id, found in changes.items()
    }


def _shown(piece: RibbonPiece, now: datetime, zone: tzinfo) -> ShownPiece:
    said = f"{clock(piece.start, now, zone)} {WORDS[piece.verdict]} ({took(piece.length)})"
    return ShownPiece(piece.verdict.value, piece.left, piece.width, said)
