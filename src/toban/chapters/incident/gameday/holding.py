"""The works of the run ledger that hold game days: break, watch, restore, certify.

What has begun is mended whatever happens: by the run itself, or, if that breaks off, by `settling`.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from toban.chapters.incident.gameday import looking, records, telling
from toban.chapters.incident.gameday.commands import Mended, run_command
from toban.chapters.incident.gameday.permission import why_not
from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.chapters.incident.gameday.watching import Check, check_from_json, checks, is_over
from toban.chapters.incident.models import GameDay
from toban.chapters.incident.plan import IncidentPlan
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.clock import Clock, system_clock
from toban.engine.evidence import ledger
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, Step, StepFailed, Work
from toban.message import NOTHING, Message

_LOOK = 0.5
"""Seconds between two looks."""
_REST = timedelta(minutes=5)
"""What a run takes beside its commands and the time for answers."""


def works(plan: IncidentPlan, clock: Clock = system_clock) -> Mapping[str, Work]:
    """Return the game days of *plan*, by key."""
    return {key: _work(planned, plan, clock) for key, planned in plan.game_days.items()}


def _work(planned: PlannedGameDay, plan: IncidentPlan, clock: Clock) -> Work:
    day = _Day(planned, plan, clock)
    return Work(
        key=planned.key,
        clause_id=planned.row.id,
        document_digest=plan.document_digest,
        acting_digest=plan.acting_digest,
        steps=(
            Step("break", day.make),
            Step("watch", day.watch),
            Step("restore", day.restore),
            Step("certify", day.certify),
        ),
        schedule=planned.schedule,
        system=plan.system,
        timeout=planned.config.within + 2 * planned.config.timeout + _REST,
        asks=ApprovalTerms(plan.manager),
        bound=" ".join(planned.config.breaks),
    )


def found_checks(game_day: GameDay, planned: PlannedGameDay, plan: IncidentPlan) -> list[Check]:
    """Return what has answered *game_day*, beside the limits; nothing before it was broken."""
    if "broken" not in game_day.times:
        return []
    found = looking.seen(game_day, planned, plan)
    records.note_seen(game_day, found)
    return list(checks(found, looking.terms(game_day, planned, plan)))


@dataclass(frozen=True, slots=True)
class _Day:
    """A game day of one failure; each step may be repeated after a kill."""

    planned: PlannedGameDay
    plan: IncidentPlan
    clock: Clock

    def make(self, turn: RunTurn) -> object:
        """Make the failure, unless something speaks against it now."""
        game_day = _going_on(GameDay.objects.filter(run=turn.run_id).first() or self._begun(turn))
        telling.tell_begun(game_day, self.planned, self.plan, self.clock())
        if "broken" not in game_day.times:
            run_command(self.planned, self.planned.config.breaks, turn, turn.run_id)
            records.note_time(game_day, "broken", self.clock())
        return {"game_day": game_day.pk}

    def watch(self, turn: RunTurn) -> object:
        """Look until everything has answered, or the time is up; nothing is changed."""
        game_day = _going_on(self._game_day(turn))
        until = datetime.fromisoformat(game_day.times["broken"]) + self.planned.config.within
        told = frozenset[str]()
        while True:
            # Read again each time: its incident goes on meanwhile.
            game_day = self._game_day(turn)
            self._claim(game_day)
            found = looking.seen(game_day, self.planned, self.plan)
            records.note_seen(game_day, found)
            terms = looking.terms(game_day, self.planned, self.plan)
            for check in checks(found, terms):
                if check.took is not None and check.part not in told:
                    told |= {check.part}
                    turn.say(Message("incident-gameday.part-found", part=check.name, found=check.found))
            left = tuple(check.name for check in checks(found, terms) if check.took is None)
            turn.progress(None, Message("incident-gameday.waits-for", parts=left))
            if is_over(found, terms, until=until, now=self.clock()):
                return {"seen": sorted(told)}
            if (reason := turn.why_stop()) is not None:
                raise StepFailed(Message("runs.stopped-midway"), reason)
            time.sleep(_LOOK)

    def restore(self, turn: RunTurn) -> object:
        """Mend it, whoever has mended it before."""
        game_day = _going_on(self._game_day(turn))
        # What was seen until now counts; what mending brings back does not.
        found = found_checks(game_day, self.planned, self.plan)
        run_command(self.planned, self.planned.config.restore, Mended(turn), turn.run_id)
        records.note_time(game_day, "restored", self.clock())
        return [each.as_json() for each in found]

    def certify(self, turn: RunTurn) -> Message:
        """Record what came of it; a part that did not answer in time makes it fail."""
        kept = turn.results["restore"]
        assert isinstance(kept, list)  # noqa: S101 - what the step before has returned
        game_day = records.conclude(
            self._game_day(turn), [check_from_json(each) for each in kept], NOTHING, self.clock()
        )
        said = Message("incident-gameday.result", failure=game_day.pattern, said=game_day.said)
        if game_day.state != GameDay.State.PASSED:
            raise StepFailed(said, RunReason.NOT_RUNNABLE)
        return said

    def _begun(self, turn: RunTurn) -> GameDay:
        """Record that it begins, unless something speaks against it."""
        with transaction.atomic():
            # Two that are due at the same moment: the second finds the first.
            ledger.hold()
            if (refusal := why_not(self.planned, self.clock(), turn.run_id)) is not None:
                raise StepFailed(refusal.said, RunReason.NOT_RUNNABLE)
            return records.begin(self.planned, turn.run_id, self.clock())

    def _claim(self, game_day: GameDay) -> None:
        if game_day.incident is not None:
            return
        alert = looking.symptom_of(self.planned.row, game_day.broken_at)
        incident = looking.incident_of(alert) if alert is not None else None
        if incident is not None:
            records.claim(game_day, incident)

    def _game_day(self, turn: RunTurn) -> GameDay:
        return GameDay.objects.select_related("incident").get(run=turn.run_id)


def _going_on(game_day: GameDay) -> GameDay:
    """Return *game_day*, or raise `StepFailed` once it is over: its run may be repeated at any time.

    Nothing would speak against it by then, nothing would mend it, and what has happened since is no drill.
    """
    if game_day.state != GameDay.State.RUNNING:
        raise StepFailed(Message("incident-gameday.is-over", number=game_day.pk), RunReason.NOT_RUNNABLE)
    return game_day
