"""What is written about game days: the row, the evidence, and what becomes of the incident."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.chapters.incident.gameday.watching import Check, Seen, why_failed
from toban.chapters.incident.models import GameDay, Incident
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.message_field import storable
from toban.engine.runs.models import Run
from toban.engine.state.question import Question
from toban.message import NOTHING, Message

_BY = "game-day"


def begin(planned: PlannedGameDay, run: int, now: datetime) -> GameDay:
    """Record, once for *run*, that the failure is about to be made: from now on it is mended in any case."""
    with transaction.atomic():
        ledger.hold()
        known = GameDay.objects.filter(run=run).first()
        if known is not None:
            return known
        digest = planned.edition.design.digest
        content = {"event": "game-day-began", "failure": planned.row.name, "run": run}
        actor = Run.objects.values_list("ordered_by", flat=True).get(pk=run)
        entry = ledger.Record(LedgerEntry.Kind.AUDIT, content, actor, planned.row.id, digest)
        ledger.append(entry, now=now)
        return GameDay.objects.create(
            pattern=planned.row.name[:200],
            clause_id=planned.row.id,
            document_digest=digest,
            run_id=run,
            broken_at=now,
            said=NOTHING,
        )


def note_time(game_day: GameDay, name: str, at: datetime) -> None:
    """Record when one of its commands had ended."""
    game_day.times = {**game_day.times, name: at.isoformat()}
    game_day.save(update_fields=["times"])


def note_seen(game_day: GameDay, found: Seen) -> None:
    """Record the times that are known now."""
    times = {**game_day.times, **{part.value: at.isoformat() for part, at in found.times.items()}}
    if times != game_day.times:
        game_day.times = times
        game_day.save(update_fields=["times"])


def claim(game_day: GameDay, incident: Incident) -> bool:
    """Have *incident* be that of *game_day*; False if it was there before, and is real."""
    with transaction.atomic():
        ledger.hold()
        current = Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
        if current.detected_at < game_day.broken_at or GameDay.objects.filter(incident=current).exists():
            return False
        current.is_drill = True
        current.save(update_fields=["is_drill"])
        game_day.incident = current
        game_day.save(update_fields=["incident"])
    return True


def conclude(game_day: GameDay, found: list[Check], why: Message, now: datetime) -> GameDay:
    """Record what came of it, with its evidence, once; *why* says why it broke off, if it did."""
    with transaction.atomic():
        ledger.hold()
        current = GameDay.objects.select_for_update(of=("self",)).get(pk=game_day.pk)
        if current.state != GameDay.State.RUNNING:
            return current
        said = why or why_failed(found)
        current.state = GameDay.State.FAILED if said else GameDay.State.PASSED
        current.said = storable(said or Message("incident-gameday.passed"))
        current.checks, current.ended_at = [each.as_json() for each in found], now
        (entry,) = ledger.append(_evidence(current), now=now)
        current.evidence_sequence = entry.sequence
        current.save()
    return current


def _over() -> QuerySet[Incident]:
    over = Incident.objects.filter(is_drill=True, closed_at=None, recovered_at__isnull=False)
    return over.filter(game_day__ended_at__isnull=False)


_ANY_OVER = Question(lambda: _over().values_list("pk")[:1])


def close_drills(now: datetime) -> None:
    """Close the incidents of game days that are over: nothing is owed for what was made on purpose."""
    for incident in _over() if _ANY_OVER.finds() else ():
        with transaction.atomic():
            ledger.hold()
            left = Incident.objects.filter(pk=incident.pk, closed_at=None, recovered_at__isnull=False)
            if left.update(closed_at=now, closed_by=_BY):
                content = {"event": "game-day-incident-closed", "incident": incident.pk}
                entry = ledger.Record(
                    LedgerEntry.Kind.AUDIT, content, _BY, incident.clause_id, incident.document_digest
                )
                ledger.append(entry, now=now)


def _evidence(game_day: GameDay) -> ledger.Record:
    is_passed = game_day.state == GameDay.State.PASSED
    content = {
        "event": "game-day",
        "verdict": (Verdict.CONFORMING if is_passed else Verdict.DEVIATING).value,
        "failure": game_day.pattern,
        "run": game_day.run_id,
        "incident": game_day.incident_id,
        "broken_at": game_day.broken_at.isoformat(),
        "times": game_day.times,
        "checks": game_day.checks,
        "said": game_day.said.as_json(),
    }
    return ledger.Record(
        LedgerEntry.Kind.VERDICT,
        content,
        clause_id=game_day.clause_id,
        document_digest=game_day.document_digest,
    )
