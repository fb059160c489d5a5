"""Game days whose runs broke off are mended and concluded; the incidents of those that are over are closed.

Level-triggered: a worker that dies while it mends leaves a game day that is mended again.
"""

from datetime import datetime, timedelta

import structlog

from toban.chapters.incident.gameday import records
from toban.chapters.incident.gameday.commands import Logged, run_command
from toban.chapters.incident.gameday.holding import found_checks
from toban.chapters.incident.models import GameDay
from toban.chapters.incident.plan import IncidentPlan
from toban.engine.clock import Clock, system_clock
from toban.engine.runs.models import Run
from toban.engine.runs.work import StepFailed
from toban.message import NOTHING, Message, message_of

_TRIES = timedelta(minutes=10)
"""How long mending is tried again and again after a run broke off."""

log = structlog.get_logger(__name__)


def settle(plan: IncidentPlan, now: datetime, clock: Clock = system_clock) -> None:
    """Mend what is left broken, and close what is over."""
    left = GameDay.objects.filter(state=GameDay.State.RUNNING).exclude(run__state__in=Run.OPEN)
    for game_day in left.select_related("run", "incident"):
        _conclude(game_day, plan, clock)
    records.close_drills(now)


def _conclude(game_day: GameDay, plan: IncidentPlan, clock: Clock) -> None:
    planned = next((each for each in plan.game_days.values() if each.row.id == game_day.clause_id), None)
    run = game_day.run
    why = run.note if run is not None else NOTHING
    broke_off = Message("incident-gameday.broke-off", why=why)
    if planned is None:
        # The command that would mend it is gone from the bindings: people must know.
        records.conclude(game_day, [], Message("incident-gameday.not-bound-any-more"), clock())
        return
    found = found_checks(game_day, planned, plan)
    if "restored" not in game_day.times:
        try:
            run_command(planned, planned.config.restore, Logged(game_day.pattern), game_day.run_id or 0)
        except StepFailed as failed:
            log.warning("game_day_not_mended", failure=game_day.pattern, error=str(failed))
            if run is not None and run.ended_at is not None and clock() < run.ended_at + _TRIES:
                return
            broke_off = Message("incident-gameday.not-mended", why=message_of(failed))
        else:
            records.note_time(game_day, "restored", clock())
    records.conclude(game_day, found, broke_off, clock())
